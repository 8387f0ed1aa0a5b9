"""The crash table: `akrun serve` is killed at random moments of mixed work, on each engine in turn.

python -m tests.crash.crash_table [ROUNDS]
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.engines import EMBEDDED, ENGINES, Engine
from tests.crash.killing import Killing, Provider, Verdict, judge

ROWS: Mapping[str, Callable[[Verdict], int]] = {
    "messages of mailings": lambda verdict: verdict.messages,
    "single messages": lambda verdict: verdict.singles,
    "callbacks": lambda verdict: verdict.callbacks,
    "hand-overs to the schedule": lambda verdict: verdict.schedules,
    "set aside as uncertain (`on_uncertain: hold`)": lambda verdict: verdict.uncertain,
    "requests recorded as sent again": lambda verdict: verdict.resent,
    "requests that took effect twice": lambda verdict: verdict.doubled,
    "lost, unrecorded doubles, and other faults": lambda verdict: len(verdict.faults),
}


async def kill(folder: Path, rounds: int, engine: Engine = EMBEDDED) -> Verdict:
    """Rounds over one data directory, a last life in which all comes to its end, and what is there then."""
    async with Provider().running() as provider:
        killing = Killing(folder, provider, engine=engine)
        for number in range(1, rounds + 1):
            await killing.round(number)
        await killing.finish()
        verdict = await judge(killing)
    return replace(verdict, faults=(*verdict.faults, *await engine.inconsistencies(killing.data)))


def table(verdicts: Mapping[str, Verdict], rounds: int) -> str:
    """Markdown, with a column for each engine."""
    rows = [
        ("", *verdicts),
        ["---"] * (1 + len(verdicts)),
        ("kills", *(rounds for _ in verdicts)),
        *((text, *(told(each) for each in verdicts.values())) for text, told in ROWS.items()),
    ]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


async def main(rounds: int) -> int:
    verdicts = {}
    for name, engine in ENGINES.items():
        with tempfile.TemporaryDirectory() as folder:
            verdicts[name] = await kill(Path(folder), rounds, engine)
    print(f"{datetime.now(UTC):%Y-%m-%d}\n\n{table(verdicts, rounds)}")  # noqa: T201
    faults = [f"{name}: {fault}" for name, verdict in verdicts.items() for fault in verdict.faults]
    for fault in faults:
        print(f"- {fault}")  # noqa: T201
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)))
