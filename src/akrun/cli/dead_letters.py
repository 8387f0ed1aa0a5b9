"""Dead letters as commands choose and describe them: with state, channel and mailing."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from akrun.backend import Backend, ChannelRecord, DeadLetter
from akrun.engine.checkpoint import show_checkpoint
from akrun.engine.payload import show_payload
from akrun.engine.secrets import Masker
from akrun.engine.shown import shown
from akrun.errors import Fault
from akrun.model.located import LocatedDocument, parse_located
from akrun.pipes import REGISTRY

State = Literal["failed", "uncertain"]
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and where it belongs.

    Attributes:
        dead: the letter.
        channel: the channel's string id.
        mailing: the mailing's id; None for what belongs to none.
    """

    dead: DeadLetter
    channel: str | None
    mailing: int | str | None

    @property
    def state(self) -> State:
        """`uncertain` when nobody knows whether a request was carried out."""
        return "uncertain" if self.dead.error.get("kind") == "uncertain" else "failed"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without what entered the pipe."""
        dead = self.dead
        return {
            "id": dead.id,
            "state": self.state,
            "message_id": dead.message_id,
            "job_id": dead.job_id,
            "channel": self.channel,
            "mailing": self.mailing,
            "pipeline": dead.pipeline,
            "pipe": dead.pipe,
            "attempts": dead.attempts,
            "time": datetime.fromtimestamp(dead.time, UTC).isoformat(timespec="milliseconds"),
            "error": dict(dead.error),
        }


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; None leaves a part open."""

    mailing: str | None = None
    channel: str | None = None
    state: State | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether this letter is one of them."""
        return (
            self.mailing in (None, None if letter.mailing is None else str(letter.mailing))
            and self.channel in (None, letter.channel)
            and self.state in (None, letter.state)
        )


@dataclass(slots=True)
class Letters:
    """The dead letters of a backend."""

    backend: Backend
    _launches: dict[str, tuple[int | str, str | None]] = field(default_factory=dict)

    async def find(self, dead_id: int) -> Letter | None:
        """The letter of that id, None if there is none."""
        dead = await self.backend.dead_letter(dead_id)
        return None if dead is None else await self._placed(dead)

    async def each(self, wanted: Filter, after: int = 0) -> AsyncIterator[Letter]:
        """Those that the filter takes, with ids above `after`, by id."""
        while page := await self.backend.dead_letters(after=after, limit=PAGE):
            for dead in page:
                letter = await self._placed(dead)
                if wanted.takes(letter):
                    yield letter
            after = page[-1].id

    async def _placed(self, dead: DeadLetter) -> Letter:
        message = None if dead.message_id is None else await self.backend.message(dead.message_id)
        if message is None:
            return Letter(dead, dead.channel, None)
        if message.launch_id not in self._launches:
            launch = await self.backend.find_launch(message.launch_id)
            assert launch is not None
            mailing = await self.backend.mailing(launch.mailing_id)
            self._launches[message.launch_id] = (
                launch.mailing_id,
                None if mailing is None else mailing.channel,
            )
        mailing_id, channel = self._launches[message.launch_id]
        return Letter(dead, dead.channel or channel, mailing_id)


def describe(letter: Letter, record: ChannelRecord | None) -> dict[str, Any]:
    """All about a letter: also its place in the channel, what entered the pipe, what a replay would do.

    Args:
        letter: the letter.
        record: its channel, as it is registered now.
    """
    place = None if record is None else _pipe(record, letter)
    return {
        **letter.to_dict(),
        "place": None if place is None else place[1],
        "input": _input(letter.dead.input),
        "replay": _replay(letter, None if place is None else place[0]),
    }


def _input(body: bytes) -> Any:
    """What entered the pipe, secrets as `***`; None when none had begun."""
    if not body:
        return None
    try:
        found: Any = show_checkpoint(body)["in"]
    except ValueError:
        found = show_payload(body)
    return shown(found, Masker())


def _pipe(record: ChannelRecord, letter: Letter) -> tuple[str, str] | None:
    """The pipe that failed in the present version of the channel: its type, and its place as a frame."""
    text = record.document.decode()
    document, _ = parse_located(text, record.string_id, is_json=text.lstrip().startswith("{"))
    for index, pipe in enumerate(_pipes(document, letter.dead.pipeline)):
        if pipe.get("id") == letter.dead.pipe:
            pointer = f"/pipelines/{letter.dead.pipeline}/{index}/type"
            error = letter.dead.error
            message = str(error.get("message", ""))
            fault = Fault(str(error.get("code", "")), message, None, document.source, document.span(pointer))
            return _type(str(pipe.get("type"))), fault.frame()
    return None


def _pipes(document: LocatedDocument, pipeline: str) -> list[Mapping[str, Any]]:
    try:
        found = document.part(f"/pipelines/{pipeline}")
    except KeyError:
        return []
    return [pipe for pipe in found if isinstance(pipe, dict)]


def _type(written: str) -> str:
    return REGISTRY[written].name if written in REGISTRY else written


def _replay(letter: Letter, pipe: str | None) -> str:
    dead = letter.dead
    if dead.pipe is None or not dead.input:
        text = "begins anew: it failed before any pipe had begun"
    elif pipe is None:
        text = f"needs --from-start: the channel has no pipe {dead.pipe} in `{dead.pipeline}` now"
    else:
        text = f"goes on at pipe {dead.pipe} ({pipe}) of `{dead.pipeline}` with this input, in the channel's "
        text += "present version; with --from-start at the first pipe"
    if letter.state == "uncertain":
        text += "; the service may have carried the request out already, and is sent it again"
    return text
