"""`akrun serve` as a process that a test begins, works with and ends."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import orjson

from tests.akrun.mailing.scene import ENVIRONMENT, Ended, end
from tests.akrun.server.scene import TOKEN, Serving
from tests.crash.killing import Killing, channel


@dataclass(frozen=True)
class Life:
    """A server that has begun, and a client with its token."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ended(self) -> Ended:
        """How it ended, which it does by itself."""
        async with asyncio.timeout(120):
            return await end(self.process)


async def begin(*arguments: str, prelude: str = "") -> asyncio.subprocess.Process:
    """The command in a process of its own, which does `prelude` first."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{prelude}\nfrom akrun.cli import main\nmain()",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT},
    )


def serve_arguments(killing: Killing, *options: str) -> list[str]:
    """`akrun serve` over the data of `killing`."""
    file = killing.folder / "channel.json"
    file.write_text(json.dumps(channel()))
    given = ("--set", f"sender.url={killing.provider.url}", "--port", "0", "--data", str(killing.data))
    chosen = (f"{name}={value}" for name, value in killing.engine.settings(killing.data).items())
    options = (*options, *chosen, "scheduler_pipe_router_period=0.5")
    return ["serve", str(file), *given, *(f"-o{option}" for option in options)]


@asynccontextmanager
async def living(killing: Killing, *options: str, prelude: str = "") -> AsyncIterator[Life]:
    """A server; it is killed if it still runs at the end of the block.

    Args:
        options: settings, such as `grace_period=1`.
        prelude: see `begin`.
    """
    process = await begin(*serve_arguments(killing, *options), prelude=prelude)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        assert url, (await end(process)).err
        token = orjson.loads((killing.data / "serve.json").read_bytes())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False) as client:
            yield Life(process, client)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def last_life(killing: Killing) -> AsyncIterator[httpx.AsyncClient]:
    """A server in this process, which begins sooner than one of its own."""
    values = {"sender": {"url": killing.provider.url}}
    serving = Serving(killing.data, channel(), values, engine=killing.engine.opened)
    async with serving.run() as served:
        served.client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield served.client


async def refusals(requests: Iterable[Awaitable[None]]) -> list[httpx.Response | None]:
    """What requests were answered that were not taken on; None for those that got no answer."""
    refused: list[httpx.Response | None] = []
    for error in await asyncio.gather(*requests, return_exceptions=True):
        if isinstance(error, httpx.HTTPStatusError):
            refused.append(error.response)
        elif isinstance(error, httpx.TransportError):
            refused.append(None)
        elif error is not None:
            raise error
    return refused


def only_told_to_repeat(refused: Sequence[httpx.Response | None]) -> bool:
    """Whether all refusals say that it is not the client's fault, and when to come again."""
    answers = [answer for answer in refused if answer is not None]
    return all(answer.status_code == 503 and "retry-after" in answer.headers for answer in answers)


def told_well(ended: Ended, *parts: str) -> bool:
    """Whether a command failed with these words, on a line or two, and gave no insight into its code."""
    said = all(part in ended.err for part in parts)
    return ended.code == 1 and said and "Traceback" not in ended.err and ended.err.count("\n") <= 3
