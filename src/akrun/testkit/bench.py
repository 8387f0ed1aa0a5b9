"""The bench of one test file: its channel, compiled once, a virtual loop, and what its cases share."""

import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from akrun.engine.clock import Clock, VirtualClock
from akrun.engine.compile import CompiledChannel, compile_channel
from akrun.engine.pipeline import Pipeline
from akrun.errors import AkrunError, FileFaults
from akrun.exact_json import encode
from akrun.mailing.constants import about
from akrun.mailing.job import Job, constants_of
from akrun.model import load_channel_file, load_mailing, load_mailing_file, load_values
from akrun.model.located import read_with_faults
from akrun.model.mailing import VALUE_OBJECTS
from akrun.pipes.spec import PipeDefaults
from akrun.sql import Connector
from akrun.testkit.format.cases import Setup
from akrun.testkit.load import Loaded, LoadedCase
from akrun.testkit.places import relocated
from akrun.testkit.sql import build_database, connector_of
from akrun.testkit.virtual import START, VirtualLoop
from aktmpl import Environment


class Bench:
    """What the cases of a file run on; one case at a time.

    Attributes:
        loaded: the file.
        loop: the virtual loop of all its cases.
        compiled: the channel.
        document: the channel's file.
    """

    def __init__(self, loaded: Loaded, *, real_environment: bool = False) -> None:
        """Read and compile the channel.

        Args:
            loaded: the file.
            real_environment: whether secrets may come from the process's environment too.

        Raises:
            FileFaults: every fault of the channel.
        """
        self.loaded = loaded
        self._real_environment = real_environment
        self._clock: Clock = VirtualClock(START)
        self._random = random.Random(0)  # noqa: S311 - repeatable on purpose
        channel, self.document = load_channel_file(_existing(loaded))
        environment = Environment(clock=self._time, entropy=self._entropy)
        defaults = PipeDefaults(connectors=self._connectors() or None)
        self.compiled: CompiledChannel = compile_channel(channel, self.document, defaults, environment)
        self.loop = VirtualLoop()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._databases: dict[str, Path] = {}
        self._jobs: dict[str, Job] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._folded: dict[tuple[str, str], Pipeline] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the loop, and remove the databases."""
        self.loop.close()
        if self._folder is not None:
            self._folder.cleanup()

    def begin(self, setup: Setup) -> random.Random:
        """Let chance begin anew for a case; gives what jitter is drawn from."""
        self._random = random.Random(setup.seed or 0)  # noqa: S311
        return random.Random(f"{setup.seed or 0} jitter")  # noqa: S311

    def _time(self) -> datetime:
        return self._clock.now()

    def _entropy(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def follow(self, clock: Clock) -> None:
        """Let templates read the time from this clock."""
        self._clock = clock

    # ---------------------------------------------------------------------------------------- mailing

    def job(self, case: LoadedCase) -> Job | None:
        """The mailing of a case, without an audience; None when neither it nor the defaults have one.

        Raises:
            FileFaults: every fault of the mailing and of the values that are set.
        """
        setup = case.setup
        if setup.mailing is None:
            return None
        key = repr((setup.mailing, setup.set, setup.env))
        if key not in self._jobs:
            with relocated(self.loaded, case), self.environment(setup):
                mailing, _ = self._mailing(case)
            channel = self.compiled.channel
            constants = constants_of(channel, mailing)
            text = self.document.source.text.encode()
            self._jobs[key] = Job(self.compiled, mailing, None, 0, text, constants)
        return self._jobs[key]

    def _mailing(self, case: LoadedCase) -> Any:
        given = given_values(case.setup.set)
        channel, written = self.compiled.channel, case.setup.mailing
        if isinstance(written, str):
            path = self.loaded.beside(written)
            if not path.is_file():
                raise FileFaults([self.loaded.fault("there is no such file", *self._at(case))])
            return load_mailing_file(path, channel, given)
        place = "".join(f"/{step}" for step in self._at(case))
        folder = self.loaded.path.parent
        return load_mailing(self.loaded.document.within(place), channel, given, folder=folder)

    @staticmethod
    def _at(case: LoadedCase) -> tuple[str | int, ...]:
        own = case.case.mailing is not None
        return ("cases", case.index, "mailing") if own else ("defaults", "mailing")

    def values(self, case: LoadedCase) -> dict[str, Any]:
        """The constant roots of what belongs to no mailing: those that a serving process would be given.

        Raises:
            FileFaults: every fault of the values that are set.
        """
        key = repr((case.setup.set, case.setup.env))
        if key not in self._values:
            with relocated(self.loaded, case), self.environment(case.setup):
                channel = self.compiled.channel
                values = load_values(channel, given_values(case.setup.set))
            self._values[key] = {"channel": about(channel), **values}
        return self._values[key]

    def pipeline(self, name: str, constants: Mapping[str, Any]) -> Pipeline:
        """The pipeline of a mailing's messages, folded for it."""
        key = name, encode(dict(constants)).decode("utf-8", "surrogatepass")
        if key not in self._folded:
            self._folded[key] = self.compiled.pipeline(name, constants)
        return self._folded[key]

    def mailing_path(self, case: LoadedCase) -> Path | None:
        """The file of the case's mailing, if it has one."""
        written = case.setup.mailing
        return self.loaded.beside(written) if isinstance(written, str) else None

    def named_audience(self, case: LoadedCase) -> Path | None:
        """The audience's file that the mailing names."""
        path = self.mailing_path(case)
        document = case.setup.mailing if path is None else read_with_faults(path)[0].value
        named = document.get("audience") if isinstance(document, dict) else None
        file = named.get("file") if isinstance(named, dict) else named
        folder = self.loaded.path.parent if path is None else path.parent
        return folder / file if isinstance(file, str) else None

    @contextmanager
    def environment(self, setup: Setup) -> Iterator[None]:
        """The process's environment is that of the case."""
        before = dict(os.environ)
        try:
            os.environ.clear()
            os.environ.update(setup.env)
            if self._real_environment:
                os.environ.update(before)
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    # -------------------------------------------------------------------------------------- databases

    @cached_property
    def folder(self) -> Path:
        """A folder that lives as long as the bench."""
        self._folder = tempfile.TemporaryDirectory(prefix="akrun-test-")
        return Path(self._folder.name)

    def new_folder(self) -> Path:
        """An empty folder of a case."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def databases(self, setup: Setup) -> dict[str, Path]:
        """The databases that scripts build, each built once.

        Raises:
            AkrunError: a script fails.
        """
        found = {}
        for name, fixture in setup.connectors.items():
            if fixture.script is not None:
                key = repr(fixture.script)
                if key not in self._databases:
                    path = self.folder / f"{len(self._databases)}.db"
                    build_database(self._script(fixture.script), path)
                    self._databases[key] = path
                found[name] = self._databases[key]
        return found

    def _script(self, script: str | list[str]) -> list[str]:
        if isinstance(script, list):
            return script
        path = self.loaded.beside(script)
        try:
            return [path.read_text(encoding="utf-8")]
        except OSError as error:
            raise AkrunError(f"{path}: {error.strerror or error}") from error

    def _connectors(self) -> dict[str, Connector]:
        """All connectors that some case has: a query is compiled for its connector's dialect."""
        found: dict[str, Connector] = {}
        for case in self.loaded.cases:
            for name, fixture in case.setup.connectors.items():
                connector = connector_of(fixture, Path(f"{name}.db"))
                if name in found and found[name].dialect is not connector.dialect:
                    at = "cases", case.index, "connectors", name
                    raise FileFaults([self.loaded.fault("its dialect is another one in other cases", *at)])
                found[name] = connector
        return found


def given_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted path; an object under `sender` and the like may hold several of its fields."""
    given: dict[str, Any] = {}
    for name, value in values.items():
        if name in VALUE_OBJECTS and isinstance(value, dict):
            given |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            given[name] = value
    return given


def _existing(loaded: Loaded) -> Path:
    if not loaded.channel_path.is_file():
        raise FileFaults([loaded.fault("there is no such file", "channel")])
    return loaded.channel_path
