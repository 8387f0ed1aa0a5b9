"""A mailing's files in a folder, and the command line on them: in this process or in one of its own."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from akrun.backend import Embedded
from akrun.cli import main
from akrun.mailing.job import Job, read_job
from akrun.mailing.report import make_report

EXAMPLE = Path(__file__).parents[3] / "examples" / "sms"
KEY = "demo-key"
ENVIRONMENT = {"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"}


def sms_channel() -> dict[str, Any]:
    """The SMS example's channel without a limit that a test would notice."""
    channel: dict[str, Any] = json.loads((EXAMPLE / "channel.json").read_text())
    pipe(channel, 3)["params"]["limit"] = {"rate": 100000.0, "burst": 1000.0}
    return channel


def sms_mailing() -> dict[str, Any]:
    """The SMS example's mailing."""
    mailing: dict[str, Any] = json.loads((EXAMPLE / "mailing.json").read_text())
    return mailing


def pipe(channel: dict[str, Any], number: int) -> dict[str, Any]:
    """The pipe of that id in the message pipeline."""
    found: dict[str, Any] = next(each for each in channel["pipelines"]["message"] if each["id"] == number)
    return found


def row(number: int, ending: int | None = 0) -> dict[str, Any]:
    """A profile; the gateway answers by the `ending` of its phone number, and skips it without one."""
    subscription = {} if ending is None else {"phone": f"+4477{number:06d}{ending:02d}"}
    return {"profile": {"id": f"p{number}", "first_name": f"Ann{number}"}, "subscription": subscription}


def rows(endings: Sequence[int | None]) -> list[dict[str, Any]]:
    return [row(number, ending) for number, ending in enumerate(endings)]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Scene:
    """Channel, mailing and audience, written to the folder when they are used."""

    folder: Path
    url: str = "http://127.0.0.1:9/"
    channel: dict[str, Any] = field(default_factory=sms_channel)
    mailing: dict[str, Any] = field(default_factory=sms_mailing)
    audience: list[dict[str, Any]] = field(default_factory=lambda: rows([0] * 5))

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def write(self) -> None:
        self.mailing["sender"]["url"] = self.url
        (self.folder / "channel.json").write_text(json.dumps(self.channel, indent=2, ensure_ascii=False))
        (self.folder / "mailing.json").write_text(json.dumps(self.mailing, indent=2, ensure_ascii=False))
        lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in self.audience)
        (self.folder / "audience.jsonl").write_text("".join(lines))

    def job(self) -> Job:
        self.write()
        return read_job(self.folder / "channel.json", self.folder / "mailing.json")

    def send_arguments(self, *more: str) -> list[str]:
        self.write()
        files = (str(self.folder / name) for name in ("channel.json", "mailing.json"))
        return ["send", *files, "--data", str(self.data), *more]

    def send(self, *more: str) -> Result:
        """`akrun send` in this process; for tests that run no event loop."""
        return invoke(*self.send_arguments(*more))

    def run(self, command: str, *more: str) -> Result:
        """Another command over the same data, in this process."""
        return invoke(*command.split(), *more, "--data", str(self.data))

    async def sending(self, *more: str) -> asyncio.subprocess.Process:
        """`akrun send` begun in a process of its own."""
        return await begin(*self.send_arguments(*more))

    async def sent(self, *more: str) -> Ended:
        """`akrun send` in a process of its own, to its end."""
        return await end(await self.sending(*more))

    async def report(self) -> dict[str, Any]:
        """What `akrun report --json` would print, also while another process sends."""
        async with Embedded(self.data / "akrun.db", read_only=True) as backend:
            return (await make_report(backend)).to_dict()


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=ENVIRONMENT, catch_exceptions=False)


async def begin(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "akrun.cli",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT},
    )


async def end(process: asyncio.subprocess.Process) -> Ended:
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def counts(report: dict[str, Any]) -> tuple[int, int, int, int]:
    """Done, failed, skipped and the rest, after a check that they make up the total."""
    each: dict[str, int] = report["counts"]
    rest = each["pending"] + each["in_progress"]
    assert each["total"] == each["done"] + each["failed"] + each["skipped"] + rest
    return each["done"], each["failed"], each["skipped"], rest
