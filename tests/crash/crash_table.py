"""The crash table: `akrun serve` is killed at random moments of mixed work, round after round.

python -m tests.crash.crash_table [ROUNDS]
"""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.killing import Killing, Provider, Verdict, judge


async def kill(folder: Path, rounds: int) -> Verdict:
    """Rounds over one data directory, a last life in which all comes to its end, and what is there then."""
    async with Provider().running() as provider:
        killing = Killing(folder, provider)
        for number in range(1, rounds + 1):
            await killing.round(number)
        await killing.finish()
        return await judge(killing)


def table(verdict: Verdict, rounds: int) -> str:
    """Markdown."""
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            f"| kills | {rounds} |",
            f"| messages of mailings | {verdict.messages} |",
            f"| single messages | {verdict.singles} |",
            f"| callbacks | {verdict.callbacks} |",
            f"| hand-overs to the schedule | {verdict.schedules} |",
            f"| set aside as uncertain (`on_uncertain: hold`) | {verdict.uncertain} |",
            f"| requests recorded as sent again | {verdict.resent} |",
            f"| requests that took effect twice | {verdict.doubled} |",
            f"| lost, unrecorded doubles, and other faults | {len(verdict.faults)} |",
        ]
    )


async def main(rounds: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        verdict = await kill(Path(folder), rounds)
    print(f"{datetime.now(UTC):%Y-%m-%d}\n\n{table(verdict, rounds)}")  # noqa: T201
    for fault in verdict.faults:
        print(f"- {fault}")  # noqa: T201
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)))
