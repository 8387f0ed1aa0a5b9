"""The main job end to end: the examples against a demo gateway, and the reports checked against it."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from akrun.backend import Embedded
from akrun.demo.callbacks import CALLBACK_KEY
from akrun.demo.check import Check, compare, compare_board
from akrun.demo.gateway import Gateway, running_gateway
from akrun.errors import AkrunError
from akrun.mailing.report import ReportError, make_report

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
"""The examples of the source tree; an installed package comes without them."""

PATIENCE: Final = 60.0
"""Seconds until a mailing that is not at its end counts as stuck."""
_FILES = (
    "sms/channel.json",
    "sms/mailing.json",
    "sms/audience.jsonl",
    "board/channel.json",
    "board/mailing.json",
)
_LOOKS = 0.2

Report = dict[str, Any]


class DemoError(AkrunError):
    """The demo could not run to its end."""


async def run_demo(examples: Path, console: Console) -> bool:
    """Serve both examples, send their mailings through a gateway, and print both sides' counts.

    Args:
        examples: Directory with `sms` and `board`.
        console: Where the outcome is printed; the commands' own output goes to standard output.

    Returns:
        Whether the gateway and the reports agree in everything.

    Raises:
        DemoError: If an example is incomplete, a command fails, or a mailing does not come to its end.
    """
    for file in (examples / name for name in _FILES):
        if not file.is_file():
            raise DemoError(
                f"{file} is missing: run the demo in a source tree, or name the examples' directory"
            )
    with tempfile.TemporaryDirectory(prefix="akrun-demo-") as folder:
        async with running_gateway() as gateway:
            demo = _Demo(examples, Path(folder), gateway, console)
            async with demo.serving() as address:
                sms = await demo.send_sms(address)
                board = await demo.place_notice(address)
            await demo.akrun("report", "501")
            await demo.akrun("report", "601")
            rows = _rows(examples / "sms/audience.jsonl")
            unsent = sum("phone" not in row["subscription"] for row in rows)
            stats = gateway.ledger.stats() | gateway.deliveries.stats()
            checks = compare(stats, sms, rows=len(rows), unsent=unsent)
            checks += compare_board(gateway.board.stats(), board)
    console.print(_table(checks))
    return all(check.holds for check in checks)


class _Demo:
    """The commands of the demo, over one data directory and one gateway."""

    def __init__(self, examples: Path, data: Path, gateway: Gateway, console: Console) -> None:
        self._examples = examples
        self._data = data
        self._gateway = gateway
        self._console = console

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """`akrun serve` of both channels while the block is open; gives its address."""
        channels = [str(self._examples / name / "channel.json") for name in ("sms", "board")]
        values = {
            "demo_sms/sender.url": self._gateway.messages_url,
            "demo_board/sender.url": self._gateway.url,
            "sender.api_key": self._gateway.api_key,
        }
        process = await self._start("serve", *channels, "--port", "0", *_sets(values), capture=True)
        try:
            assert process.stdout is not None
            address = (await process.stdout.readline()).decode().strip()
            if not address:
                raise DemoError("`akrun serve` did not start")
            self._console.print(f"demo gateway at [bold]{self._gateway.url}[/], served at [bold]{address}[/]")
            yield address
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            code = await process.wait()
        if code:
            raise DemoError(f"`akrun serve` ended with exit code {code}")

    async def send_sms(self, address: str) -> Report:
        """The SMS mailing until every accepted message is reported, by callback or by poll."""
        folder = self._examples / "sms"
        values = {
            "sender.url": self._gateway.messages_url,
            "sender.callback_url": f"{address}/listen/demo_sms",
        }
        files = (str(folder / "channel.json"), str(folder / "mailing.json"))
        audience = ("--audience", str(folder / "audience.jsonl"))
        await self.akrun("mailing", "submit", *files, *audience, *_sets(values))

        def told(report: Report) -> bool:
            stats = self._gateway.ledger.stats()
            refused = stats["undeliverable"] + stats["rejected"]
            events = _events(report)
            outcomes = events.get("deliv", 0) + events.get("undeliv", 0)
            return bool(report["state"] == "finished" and outcomes == stats["accepted"] + refused)

        return await self._wait(501, told)

    async def place_notice(self, address: str) -> Report:
        """The notice: moderated, posted, published, taken down by the board, and stopped."""
        folder = self._examples / "board"
        values = {
            "sender.url": self._gateway.url,
            "sender.callback_url": f"{address}/listen/demo_board",
        }
        files = (str(folder / "channel.json"), str(folder / "mailing.json"))
        await self.akrun("mailing", "submit", *files, *_sets(values))
        await self._wait(601, lambda report: _events(report).keys() >= {"send", "deliv", "undeliv"})
        await self.akrun("mailing", "stop", "601")
        return await self._wait(601, lambda report: bool(report["state"] == "stopped"))

    async def akrun(self, *arguments: str) -> None:
        """A command to its end."""
        process = await self._start(*arguments)
        if code := await process.wait():
            raise DemoError(f"`akrun {' '.join(arguments[:2])}` ended with exit code {code}")

    async def _start(self, *arguments: str, capture: bool = False) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "akrun.cli",
            *arguments,
            "--data",
            str(self._data),
            stdout=asyncio.subprocess.PIPE if capture else None,
            env={
                **os.environ,
                "AKRUN_HTTP_ALLOW": "127.0.0.1",
                "DEMO_CALLBACK_KEY": CALLBACK_KEY,
                "SCHEDULER_PIPE_ROUTER_PERIOD": "1",
            },
        )

    async def _wait(self, mailing_id: int, ended: Callable[[Report], bool]) -> Report:
        """The report as soon as it is as wanted, read beside the serving process."""
        report: Report = {"state": "not launched"}
        try:
            async with asyncio.timeout(PATIENCE):
                async with Embedded(self._data / "akrun.db", read_only=True) as backend:
                    while True:
                        try:
                            report = (await make_report(backend, mailing_id)).to_dict()
                        except ReportError:  # it is not launched yet
                            pass
                        else:
                            if ended(report):
                                return report
                        await asyncio.sleep(_LOOKS)
        except TimeoutError:
            message = f"mailing {mailing_id} is {report['state']} after {PATIENCE:g} s, and not at its end"
            raise DemoError(message) from None


def _sets(values: dict[str, str]) -> list[str]:
    return [part for path, value in values.items() for part in ("--set", f"{path}={value}")]


def _rows(audience: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in audience.read_bytes().splitlines() if line.strip()]


def _events(report: Report) -> dict[str, int]:
    return {event["event_type"]: event["count"] for event in report.get("events", [])}


def _table(checks: list[Check]) -> Table:
    table = Table(title="What the gateway got and told, and what the reports say")
    table.add_column("check")
    table.add_column("gateway", justify="right")
    table.add_column("report", justify="right")
    table.add_column("")
    for check in checks:
        verdict = "[green]same[/]" if check.holds else "[bold red]DIFFERENT[/]"
        table.add_row(check.what, f"{check.gateway:,}", f"{check.report:,}", verdict)
    return table
