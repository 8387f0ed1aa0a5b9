"""The main job end to end: the SMS example against a demo gateway, and the report checked against it."""

import asyncio
import sys
import tempfile
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from akrun.demo.check import Check, compare
from akrun.demo.gateway import running_gateway
from akrun.errors import AkrunError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sms"
"""The SMS example of the source tree; an installed package comes without it."""


class DemoError(AkrunError):
    """The demo could not run to its end."""


async def run_demo(example: Path, console: Console) -> bool:
    """Send the example's mailing through a gateway in this process, and print both sides' counts.

    Args:
        example: Directory with channel.json, mailing.json and audience.jsonl.
        console: Where the outcome is printed; the commands' own output goes to standard output.

    Returns:
        Whether the gateway and the report agree in everything.

    Raises:
        DemoError: If the example is incomplete or a command fails.
    """
    channel, mailing, audience = (
        example / name for name in ("channel.json", "mailing.json", "audience.jsonl")
    )
    for file in (channel, mailing, audience):
        if not file.is_file():
            raise DemoError(
                f"{file} is missing: run the demo in a source tree, or name the example's directory"
            )
    with tempfile.TemporaryDirectory(prefix="akrun-demo-") as data:
        async with running_gateway() as gateway:
            console.print(f"demo gateway at [bold]{gateway.url}[/]")
            address = f"sender.url={gateway.messages_url}"
            files = (str(channel), str(mailing), "--audience", str(audience))
            await _akrun("send", *files, "--data", data, "--set", address)
            printed = await _akrun("report", "--data", data, "--json", capture=True)
            stats = gateway.ledger.stats()
    rows = [orjson.loads(line) for line in audience.read_bytes().splitlines() if line.strip()]
    unsent = sum("phone" not in row["subscription"] for row in rows)
    checks = compare(stats, orjson.loads(printed), rows=len(rows), unsent=unsent)
    console.print(_table(checks))
    return all(check.holds for check in checks)


async def _akrun(*arguments: str, capture: bool = False) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "akrun.cli",
        *arguments,
        stdout=asyncio.subprocess.PIPE if capture else None,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise DemoError(f"`akrun {arguments[0]}` ended with exit code {process.returncode}")
    return output or b""


def _table(checks: list[Check]) -> Table:
    table = Table(title="What the gateway got, and what the report says")
    table.add_column("check")
    table.add_column("gateway", justify="right")
    table.add_column("report", justify="right")
    table.add_column("")
    for check in checks:
        verdict = "[green]same[/]" if check.holds else "[bold red]DIFFERENT[/]"
        table.add_row(check.what, f"{check.gateway:,}", f"{check.report:,}", verdict)
    return table
