"""What waits for a person."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from akrun.backend import Backend, DeadLetter, Embedded, MessageState, NewJob, Outcome
from akrun.doctor.checks import waiting
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told


async def fill(backend: Backend, kinds: Sequence[str], *, time: float = 1.0) -> None:
    """A dead letter of each of these kinds of failure."""
    await backend.enqueue(
        [NewJob(f"job-{n}", "chat", "listener", None, b"{}", 0.0) for n in range(len(kinds))]
    )
    for job, kind in zip(await backend.lease_jobs(1.0, len(kinds)), kinds, strict=True):
        error = {"code": kind, "message": "no", "kind": kind}
        letter = DeadLetter(None, "listener", 1, b"", error, 1, time)
        await backend.finish_job(job.id, Outcome(MessageState.FAILED, 1, error, time), dead=letter)


async def make(path: Path, kinds: Sequence[str]) -> None:
    path.parent.mkdir(0o700)
    async with Embedded(path) as backend:
        await fill(backend, kinds)


def test_nothing_was_sent_yet(tmp_path: Path) -> None:
    assert told(look(waiting.check, scope_of(tmp_path))) == ["dead letters: none: nothing was sent yet"]


@pytest.mark.parametrize(
    ("kinds", "lines"),
    [
        ([], []),
        (["status", "timeout"], ["dead letters: 2 failed for good"]),
        (["uncertain"], ["dead letters: 1 may or may not have reached their service"]),
        (
            ["status", "uncertain", "uncertain"],
            ["dead letters: 1 failed for good", "dead letters: 2 may or may not have reached their service"],
        ),
    ],
    ids=["none", "failed", "uncertain", "both"],
)
def test_letters_are_counted_by_kind(tmp_path: Path, kinds: list[str], lines: list[str]) -> None:
    asyncio.run(make(tmp_path / "data" / "akrun.db", kinds))
    found = look(waiting.check, scope_of(tmp_path))
    assert told(found, Level.WARN) == lines
    assert all("akrun dead list" in each.cure for each in found if each.level is Level.WARN)


def test_more_than_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST", 3)
    monkeypatch.setattr(waiting, "_PAGE", 2)
    asyncio.run(make(tmp_path / "data" / "akrun.db", ["status"] * 9))
    assert told(look(waiting.check, scope_of(tmp_path))) == ["dead letters: 4 or more failed for good"]
