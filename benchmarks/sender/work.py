"""The work: the demo's message pipeline, and a bare loop that sends the same requests."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from akrun.backend import Embedded
from akrun.engine.event import Services
from akrun.mailing.job import Job, read_job
from akrun.mailing.launch import open_launch
from akrun.mailing.run import MailingRun
from akrun.net.client import HttpClient
from akrun.net.guard import Guard
from akrun.net.message import Request

EXAMPLE = Path(__file__).parents[2] / "examples" / "sms"
KEY = "k-4711"
LOOPBACK = ["127.0.0.0/8"]


@dataclass(frozen=True, slots=True)
class Work:
    """One size of the work.

    Attributes:
        messages: how many profiles the audience has.
        concurrency: messages at once.
        mailings: launches that are sent at once, each of so many messages.
        pipes: further pipes, each a `set`, that every message passes.
        text: characters of the text that all messages share.
    """

    messages: int
    concurrency: int = 64
    mailings: int = 1
    pipes: int = 0
    text: int = 80


@dataclass(frozen=True, slots=True)
class Sent:
    """What sending took.

    Attributes:
        seconds: by the clock on the wall.
        cpu: seconds of the processor, all threads.
        loop: seconds of the processor, the event loop's thread.
        commits: transactions of the backend.
    """

    seconds: float
    cpu: float
    loop: float = 0.0
    commits: int = 0


def run(coroutine: Coroutine[Any, Any, Sent], *, uvloop: bool) -> Sent:
    """Run it on an event loop of its own, of uvloop if that is wanted."""
    if not uvloop:
        return asyncio.run(coroutine)
    with asyncio.Runner(loop_factory=import_module("uvloop").new_event_loop) as runner:
        return runner.run(coroutine)


@contextmanager
def service(latency: int) -> Iterator[str]:
    """The service in a process of its own while the block is open; gives the address for messages."""
    command = [sys.executable, "-m", "benchmarks.sender.service", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/messages"
        finally:
            process.terminate()


def job_of(folder: Path, url: str, work: Work, number: int = 1) -> Job:
    """The SMS example without its rate limit and its question for the status."""
    channel = json.loads((EXAMPLE / "channel.json").read_text())
    pipes = channel["pipelines"]["message"]
    for pipe in pipes:
        if pipe["type"] == "selector":
            pipe["params"]["outs"][0]["out"] = 6
        if pipe["type"] == "http_request":
            pipe["params"] |= {
                "limit": {"rate": 1e9, "burst": 1e9},
                "success_codes": [202],
                "pool_size": work.concurrency * work.mailings,
            }
            pipe["workers"] = work.concurrency * work.mailings
    first = pipes[0]["id"]
    for id_ in range(100, 100 + work.pipes):
        following = first if id_ == 99 + work.pipes else id_ + 1
        params = {"data": {f"v{id_}": "$profile.first_name"}}
        pipes.insert(id_ - 100, {"id": id_, "type": "set", "params": params, "outs": {"success": following}})
    mailing = json.loads((EXAMPLE / "mailing.json").read_text())
    mailing |= {"id": number, "options": {"concurrency": work.concurrency}, "audience": "audience.jsonl"}
    mailing["sender"]["url"] = url
    mailing["template"]["body"] = "x" * work.text
    channel["fields"]["template"][2][0]["max_length"] = 1_000_000
    with (folder / "audience.jsonl").open("w") as file:
        for profile in range(work.messages):
            row = {
                "profile": {"id": profile, "first_name": f"Ann{profile}"},
                "subscription": {"phone": f"+4477{profile:08d}"},
            }
            file.write(json.dumps(row) + "\n")
    (folder / "channel.json").write_text(json.dumps(channel))
    (folder / "mailing.json").write_text(json.dumps(mailing))
    return read_job(folder / "channel.json", folder / "mailing.json", given={"sender.api_key": KEY})


async def bare(url: str, work: Work) -> Sent:
    """The HTTP work alone, by the same client: no pipeline, no backend."""
    body = json.dumps(
        {"id": "6" * 36, "to": "+447700000000", "from": "Demo", "text": "x" * work.text}
    ).encode()
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    left = work.messages

    async def post() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await client.send(Request("POST", url, headers, body, pool_size=work.concurrency))

    async with HttpClient(guard=Guard(LOOPBACK)) as client:
        begun, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(post() for _ in range(work.concurrency)))
        spent = time.process_time() - cpu
        return Sent(time.perf_counter() - begun, spent, spent)


async def sent(url: str, work: Work, watch: Callable[[], Any] | None = None) -> Sent:
    """The whole, from the first lease to the last outcome on the disk; `watch` is called once a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = [job_of(folder, url, work, number) for number in range(1, work.mailings + 1)]
        async with HttpClient(guard=Guard(LOOPBACK)) as client, Embedded(folder / "akrun.db") as backend:
            services = Services(client, lambda _: None, masker=jobs[0].masker)
            launches = [(await open_launch(backend, job, services.clock.now())).launch for job in jobs]
            runs = [
                MailingRun(backend, launch, job, services) for launch, job in zip(launches, jobs, strict=True)
            ]
            watching = asyncio.create_task(_watch(watch))
            commits = backend.statistics.commits
            begun, cpu, loop = time.perf_counter(), time.process_time(), time.thread_time()
            await asyncio.gather(*(run.run() for run in runs))
            took = Sent(
                time.perf_counter() - begun,
                time.process_time() - cpu,
                time.thread_time() - loop,
                backend.statistics.commits - commits,
            )
            watching.cancel()
            for run in runs:
                counts = await run.counts()
                assert counts.done == work.messages, counts
            return took


async def _watch(watch: Callable[[], Any] | None) -> None:
    while watch is not None:
        watch()
        await asyncio.sleep(1)
