"""Running test files: which cases, in how many processes, and what came of each file."""

import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from akrun.errors import AkrunError
from akrun.model.pipes import PipeModel
from akrun.testkit.bench import Bench
from akrun.testkit.coverage import Coverage, pipes_of
from akrun.testkit.load import Loaded, load_tests
from akrun.testkit.run import CaseResult, run_case

CASES_FOR_A_PROCESS: Final = 150
"""With fewer cases a process of their own would take longer to start than they take."""
_START: Final = "fork" if sys.platform == "linux" else "spawn"
"""No thread runs yet when the processes are made, so a fork is safe; elsewhere system libraries forbid it."""


@dataclass(slots=True)
class FileReport:
    """What came of a test file.

    Attributes:
        path: the file.
        channel: its channel's file; None when the test file cannot be read.
        results: of the cases that were run, in the order of the file.
        error: why none could be run.
        pipes: of the channel, by pipeline.
    """

    path: Path
    channel: Path | None = None
    results: list[CaseResult] = field(default_factory=list)
    error: str | None = None
    pipes: Mapping[str, tuple[PipeModel, ...]] = field(default_factory=dict, repr=False)

    @property
    def passed(self) -> bool:
        """Whether every case was run and passed."""
        return self.error is None and all(each.passed for each in self.results)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases are run, and how.

    Attributes:
        words: a case is run when its file's path and its name have this text, whatever the letters' case.
        first: whether the first case that fails is the last.
        processes: how many; None to judge by the number of cases.
    """

    words: str = ""
    first: bool = False
    processes: int | None = None

    def indices(self, loaded: Loaded) -> list[int]:
        """The places of the cases that are run."""
        words = self.words.casefold()
        named = [(each.index, f"{loaded.path} {each.name}".casefold()) for each in loaded.cases]
        return [index for index, name in named if words in name]


@dataclass(frozen=True, slots=True)
class _Part:
    """Some cases of a file."""

    path: Path
    indices: tuple[int, ...]
    first: bool
    loaded: Loaded


def run_suite(paths: Sequence[Path], selection: Selection = Selection()) -> Iterator[FileReport]:
    """Run test files, and give what came of each, in their order; of one without selected cases nothing."""
    parts: list[_Part | FileReport] = []
    for path in paths:
        try:
            loaded = load_tests(path)
        except AkrunError as error:
            parts.append(FileReport(path, error=str(error)))
            continue
        if indices := selection.indices(loaded):
            parts.append(_Part(path, tuple(indices), selection.first, loaded))
    count = sum(len(each.indices) for each in parts if isinstance(each, _Part))
    processes = selection.processes or min(os.cpu_count() or 1, math.ceil(count / CASES_FOR_A_PROCESS))
    if processes <= 1:
        yield from _in_turn(parts)
    else:
        yield from _in_parallel(parts, processes, max(8, math.ceil(count / processes / 2)))


def _in_turn(parts: Sequence[_Part | FileReport]) -> Iterator[FileReport]:
    for part in parts:
        report = part if isinstance(part, FileReport) else _run(part)
        yield report
        if isinstance(part, _Part) and part.first and not report.passed:
            return


def _in_parallel(parts: Sequence[_Part | FileReport], processes: int, most: int) -> Iterator[FileReport]:
    """The same in several processes; a file of many cases is cut in pieces of `most`."""
    pieces = [(number, piece) for number, part in enumerate(parts) for piece in _pieces(part, most)]
    done: dict[int, list[FileReport]] = {}
    wanted = [sum(1 for number, _ in pieces if number == each) for each in range(len(parts))]
    whole = [piece for _, piece in pieces]
    with ProcessPoolExecutor(processes, get_context(_START), _inherit, (whole,)) as pool:
        running: dict[Future[FileReport], int] = {}
        for index, (number, piece) in enumerate(pieces):
            if isinstance(piece, FileReport):
                done.setdefault(number, []).append(piece)
            else:
                running[pool.submit(_run_inherited, index)] = number
        following = 0
        for future in as_completed(running):
            report = future.result()
            done.setdefault(running[future], []).append(report)
            while following < len(parts) and len(done.get(following, ())) == wanted[following]:
                yield _joined(done[following])
                following += 1
            if not report.passed and any(isinstance(each, _Part) and each.first for each in parts):
                pool.shutdown(wait=True, cancel_futures=True)
                yield from (_joined(done[each]) for each in range(following, len(parts)) if each in done)
                return
        yield from (_joined(done[each]) for each in range(following, len(parts)) if each in done)


def _pieces(part: _Part | FileReport, most: int) -> list[_Part | FileReport]:
    if isinstance(part, FileReport):
        return [part]
    starts = range(0, len(part.indices), most)
    return [replace(part, indices=part.indices[start : start + most]) for start in starts]


_inherited: list[_Part | FileReport] = []
"""What a process of a pool has been given when it was made: sending it with each task would take long."""


def _inherit(pieces: Sequence[_Part | FileReport]) -> None:
    _inherited[:] = pieces


def _run_inherited(index: int) -> FileReport:
    piece = _inherited[index]
    assert isinstance(piece, _Part)
    return _run(piece)


def _joined(reports: Sequence[FileReport]) -> FileReport:
    whole = reports[0]
    results = sorted((result for each in reports for result in each.results), key=lambda each: each.line)
    return FileReport(whole.path, whole.channel, results, whole.error, whole.pipes)


def _run(part: _Part) -> FileReport:
    report = FileReport(part.path)
    try:
        loaded = part.loaded
        report.channel = loaded.channel_path
        with Bench(loaded) as bench:
            report.pipes = pipes_of(bench.compiled.channel)
            for index in part.indices:
                report.results.append(run_case(bench, loaded.cases[index]))
                if part.first and not report.results[-1].passed:
                    break
    except AkrunError as error:
        report.error = str(error)
    return report


def coverage_of(reports: Sequence[FileReport]) -> list[Coverage]:
    """The coverage of each channel, by all its test files together."""
    found: dict[Path, Coverage] = {}
    for report in reports:
        if report.channel is not None:
            name = report.channel.resolve()
            coverage = found.setdefault(name, Coverage(str(report.channel), name, report.pipes))
            for result in report.results:
                coverage.add(result.counts)
    return list(found.values())
