"""`log`: a line in the channel's log."""

from dataclasses import dataclass
from typing import Annotated, cast

from pydantic import StrictStr

from akrun.engine.event import Event
from akrun.engine.log import Level, LogRecord
from akrun.model.base import Model
from akrun.pipes.convert import one_of, word
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec
from aktmpl import TextTemplate

LEVELS = ("info", "debug", "warn", "error", "trace")


class LogParams(Model):
    """Parameters of `log`."""

    prefix: StrictStr | None = None
    """Says where the line comes from; default `<channel id>|<pipe id>`."""
    message: StrictStr = ""
    """The line."""
    level: Annotated[StrictStr, word(*LEVELS)] = "info"
    """`info`, `debug`, `warn`, `error` or `trace`."""


@dataclass(frozen=True, slots=True)
class LogPipe(CompiledPipe):
    """A compiled `log`."""

    channel_id: int
    pipe_id: int
    prefix: TextTemplate
    message: TextTemplate
    level: Parameter[str]

    def run(self, event: Event) -> None:
        """Write one record."""
        services, scope = event.services, event.scope
        services.log(
            LogRecord(
                level=cast("Level", self.level.get(scope)),
                prefix=services.masker.text(self.prefix.render_text(scope)),
                message=services.masker.text(self.message.render_text(scope)),
                channel_id=self.channel_id,
                pipe=self.pipe_id,
                time=services.clock.now().timestamp(),
            )
        )


def compile_log(params: LogParams, context: PipeContext) -> LogPipe:
    """Compile the three templates."""
    prefix = params.prefix if params.prefix is not None else f"{context.channel.id}|{context.pipe_id}"
    return LogPipe(
        channel_id=context.channel.id,
        pipe_id=context.pipe_id,
        prefix=context.text(prefix, "prefix"),
        message=context.text(params.message, "message"),
        level=context.parameter(params.level, one_of(*LEVELS), "level"),
    )


SPEC = PipeSpec(
    name="log",
    summary="Writes a structured record to the channel's log, with secrets masked.",
    params=LogParams,
    compile=compile_log,
    pure=True,
    examples=(
        PipeExample(
            title="A warning with the service's reason; the prefix is the channel's and the pipe's id",
            params={"message": "refused: $in.data.reason", "level": "warn"},
            before={"data": {"reason": "no such number"}},
            effects=({"level": "warn", "prefix": "7|1", "message": "refused: no such number"},),
        ),
    ),
)
