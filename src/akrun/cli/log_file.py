"""The channel's log as a file of JSON lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from akrun.engine.log import LogSink, structured
from akrun.errors import AkrunError


@contextmanager
def log_file(path: Path) -> Iterator[LogSink]:
    """A sink that appends one JSON object a record: time, level, event, prefix, channel_id, pipe.

    Raises AkrunError when the file cannot be opened.
    """
    try:
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise AkrunError(f"{path}: the log cannot be written: {error.strerror}") from error
    with file:
        logger = structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(0),
            cache_logger_on_first_use=True,
        )
        yield structured(logger)
