"""A plugin of pytest: collects `*.test.yaml` files, each case an item."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from akrun.testkit.bench import Bench
    from akrun.testkit.load import LoadedCase
    from akrun.testkit.run import CaseResult

_SUFFIXES = (".test.yaml", ".test.yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect test files of channels."""
    if file_path.name.endswith(_SUFFIXES):
        return ChannelFile.from_parent(parent, path=file_path)
    return None


class CaseFailure(Exception):
    """A case did not come out as expected."""

    def __init__(self, result: "CaseResult") -> None:
        super().__init__(result.name)
        self.result = result


class ChannelFile(pytest.File):
    """A test file: its cases share a compiled channel."""

    bench: "Bench | None" = None

    def collect(self) -> Iterator[pytest.Item]:
        """The cases."""
        from akrun.errors import AkrunError  # noqa: PLC0415 - sessions without such files stay quick
        from akrun.testkit.load import load_tests  # noqa: PLC0415

        try:
            loaded = load_tests(self.path)
        except AkrunError as error:
            raise self.CollectError(str(error)) from None
        for case in loaded.cases:
            yield ChannelCase.from_parent(self, name=case.name, case=case)

    def opened(self) -> "Bench":
        """The bench, made when the first case needs it; raises FileFaults for a faulty channel."""
        from akrun.testkit.bench import Bench  # noqa: PLC0415
        from akrun.testkit.load import load_tests  # noqa: PLC0415

        if self.bench is None:
            self.bench = Bench(load_tests(self.path))
        return self.bench

    def teardown(self) -> None:
        """Close the bench."""
        if self.bench is not None:
            self.bench.close()
            self.bench = None


class ChannelCase(pytest.Item):
    """A case."""

    def __init__(self, *, case: "LoadedCase", **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the case."""
        from akrun.testkit.run import run_case  # noqa: PLC0415

        assert isinstance(self.parent, ChannelFile)
        result = run_case(self.parent.opened(), self.case)
        if not result.passed:
            raise CaseFailure(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The diffs of what was not as expected, or the faults of the channel."""
        from akrun.errors import AkrunError  # noqa: PLC0415
        from akrun.testkit.report import findings  # noqa: PLC0415

        error = excinfo.value
        if isinstance(error, CaseFailure):
            return "\n".join(findings(self._shown_path(), error.result)).strip("\n")
        return str(error) if isinstance(error, AkrunError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands."""
        return self.path, self.case.line - 1, self.name

    def _shown_path(self) -> Path:
        try:
            return self.path.relative_to(self.config.rootpath)
        except ValueError:
            return self.path
