"""The channel's log as a file of JSON lines."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast

import click
import structlog

from akrun.engine.log import LogSink, structured
from akrun.errors import AkrunError


class _Lines:
    """Appends lines to a file, each by one write.

    What cannot be written is lost, and standard error says so: work goes on without its log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._lost = 0
        self._torn = False

    def write(self, line: str) -> None:
        """Append a line, which has its end."""
        content = b"\n" * self._torn + line.encode("utf-8", "backslashreplace")
        try:
            written = self._file.write(content)
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        self._torn = written < len(content)
        if self._torn:
            self._lose("no room for a whole line")
        elif self._lost:
            self._say(f"the log is written again; lines that are lost: {self._lost}")
            self._lost = 0

    def flush(self) -> None:
        """Nothing waits to be written."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _lose(self, why: str) -> None:
        if not self._lost:
            self._say(f"the log cannot be written: {why}")
        self._lost += 1

    def _say(self, text: str) -> None:
        with suppress(OSError):  # which can be a file on the same disk
            click.echo(f"{self._path}: {text}", err=True)


@contextmanager
def log_file(path: Path) -> Iterator[LogSink]:
    """A sink that appends one JSON object a record: time, level, event, prefix, channel_id, pipe.

    Raises AkrunError when the file cannot be opened.
    """
    try:
        lines = _Lines(path)
    except OSError as error:
        raise AkrunError(f"{path}: the log cannot be written: {error.strerror}") from error
    try:
        logger = structlog.wrap_logger(
            structlog.WriteLogger(cast("TextIO", lines)),
            processors=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(0),
            cache_logger_on_first_use=True,
        )
        yield structured(logger)
    finally:
        lines.close()
