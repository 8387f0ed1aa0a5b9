"""A pipe as it is written in a file; what its type and parameters mean, the engine decides."""

from typing import Any, Final

from pydantic import Field, StrictFloat, StrictInt, StrictStr

from akrun.model.base import Model
from akrun.model.suppressions import Lint

ALIASES: Final = {
    "packer": "pack",
    "unpacker": "unpack",
    "http_requester": "http_request",
    "sql": "sql_pipe",
    "eventer": "event",
    "scheduler": "scheduled",
    "errors": "error",
}
"""Other names of pipe types that files may use."""


class Outs(Model):
    """Where an event goes on after a pipe; the event ends where there is no pipe to go to."""

    success: StrictInt | None = None
    """Id of the next pipe."""
    error: StrictInt | None = None
    """Id of the next pipe after a failure."""


class Retry(Model):
    """How often and when a failed pipe is tried again."""

    max: StrictInt = Field(ge=0)
    """Most attempts after the first."""
    on: tuple[StrictInt | StrictStr, ...] | None = None
    """HTTP statuses and kinds of failure that are tried again; the default set when absent."""
    backoff: StrictFloat | None = Field(default=None, ge=0)
    """Seconds before the first repetition; doubled for each further one, with full jitter."""
    max_delay: StrictFloat | None = Field(default=None, ge=0)
    """Most seconds between two attempts."""
    deadline: StrictFloat | None = Field(default=None, gt=0)
    """Seconds from the first attempt, after which none is started."""


class PipeModel(Model):
    """One pipe of a pipeline. Its JSON pointer is `/pipelines/<pipeline>/<index>`."""

    id: StrictInt = Field(ge=0)
    """Unique in the pipeline."""
    written_type: StrictStr = Field(alias="type", min_length=1)
    """The type as the file has it; messages show this one."""
    params: dict[str, Any] = Field(default_factory=dict)
    """The parameters, as they are written."""
    outs: Outs = Outs()
    """The exits."""
    label: StrictStr | None = None
    """Shown to people instead of the type."""
    workers: StrictInt | None = Field(default=None, ge=1)
    """Most events at once in this pipe; `PIPE_WORKER_SIZE` when absent."""
    retry: Retry | None = None
    """Repetition of the whole pipe after a failure that may pass."""
    lint: Lint = Lint()
    """What `akrun lint` allows in this pipe."""

    @property
    def type(self) -> str:
        """The type's own name, whichever alias the file has."""
        return ALIASES.get(self.written_type, self.written_type)
