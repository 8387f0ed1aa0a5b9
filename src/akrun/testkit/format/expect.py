"""What a case expects of what came."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from akrun.model.base import Finding, Model, objects
from akrun.testkit import codes
from akrun.testkit.compare import is_path
from akrun.testkit.matchers import matcher_of
from aktmpl.errors import nearest

ITEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": (
        "method", "url", "address", "query", "headers", "body", "json", "form", "xml", "pipeline", "pipe",
        "at", "answer",
    ),
    "statements": ("connector", "statement", "parameters"),
    "events": (
        "event_type", "action_type", "event", "send_message_id", "profile_id", "channel_id", "key", "time",
        "reason", "data",
    ),
    "log": ("level", "prefix", "message", "pipe", "time"),
    "dead_letters": ("message_id", "pipeline", "pipe", "error", "in"),
    "handed_over": ("pipeline", "pipe", "due", "delay", "data", "message_id"),
    "runs": ("pipeline", "state", "pipe", "error", "path", "profile_id", "message_id", "in"),
    "store": ("table", "key", "value", "ttl"),
}  # fmt: skip
"""Lists of what came, and the keys that their items have."""

SHORT: Final[Mapping[str, str]] = {"events": "event_type", "log": "message", "runs": "state"}
"""The key that is meant by an item that is a text or a matcher."""

_LISTED = ("exactly", "any_order", "contains", "never", "count")


class ListExpectation(Model):
    """What a list of what came must be."""

    exactly: list[Any] | None = None
    """These items, in this order, and no others. A plain list means this."""
    any_order: list[Any] | None = None
    """These items, in any order, and no others."""
    contains: list[Any] | None = None
    """These items in this order, perhaps with others between them."""
    never: list[Any] | None = None
    """No item is like any of these."""
    count: Any = None
    """How many items there are."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        if not self.model_fields_set:
            yield Finding(codes.CASE, "it expects nothing", (), "keys: " + ", ".join(_LISTED))


def _listed(value: Any) -> Any:
    return {"exactly": value} if isinstance(value, list) else value


def _store(value: Any) -> Any:
    return {"any_order": value} if isinstance(value, list) else value


Listed = Annotated[
    ListExpectation, BeforeValidator(_listed, json_schema_input_type=ListExpectation | list[Any])
]
"""A list expectation, or the whole list."""
Stored = Annotated[
    ListExpectation, BeforeValidator(_store, json_schema_input_type=ListExpectation | list[Any])
]
"""The same of the store, which has no order."""


class Expect(Model):
    """What must have come; what is not named may be anything."""

    state: Any = None
    """How the run ended: `done`, `failed`, `skipped` (the profile lacks a subscription field), `refused` (the
    callback was not taken), `duplicate` (it had been taken before). With several runs: of each of them."""
    counts: dict[str, Any] | None = None
    """How many messages ended how: `{done: 2, failed: 1}`; states that are not named must have none."""
    path: list[Any] | None = None
    """Pipes that the run went through, by id or label; `…` stands for any number of them, and a list
    for a branch of the `foreach` before it."""
    runs: Listed | None = None
    """All runs: those that entered, and those of hand-overs and callbacks that became due."""
    requests: Listed | None = None
    """HTTP requests."""
    statements: Listed | None = None
    """SQL statements."""
    events: Listed | None = None
    """Events that were registered; a text is the event's type."""
    store: Stored | None = None
    """Contents of the store at the end; a list is all of it, in any order."""
    log: Listed | None = None
    """Records of the log; a text is the message."""
    dead_letters: Listed | None = None
    """What failed for good."""
    handed_over: Listed | None = None
    """Hand-overs to later that were made."""
    in_: Any = Field(default=None, alias="in")
    """`$in` at the end of the run."""
    error: Any = None
    """The `$error` with which the run or the operation ended; null: it ended with none."""
    result: Any = None
    """The result of the entity's operation."""
    answer: Any = None
    """What the callback was answered: `status headers body json`."""

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterable[Finding]:
        """See `Model.rules`."""
        for name, known in ITEMS.items():
            given = raw.get(name)
            if isinstance(given, list):
                yield from _items(name, known, given, (name,))
            elif isinstance(given, dict) and matcher_of(given) is None:
                for key in _LISTED[:4]:
                    yield from _items(name, known, given.get(key), (name, key))

    @property
    def given(self) -> dict[str, Any]:
        """What is expected, by the file's keys."""
        names = type(self).model_fields
        return {
            names[name].alias or name: getattr(self, name) for name in names if name in self.model_fields_set
        }


def _items(name: str, known: tuple[str, ...], items: Any, at: tuple[str, ...]) -> Iterator[Finding]:
    for index, item in objects(items):
        if matcher_of(item) is not None:
            continue
        for key in item:
            if key not in known and not is_path(key):
                hint = nearest(key, known) or "known here: " + ", ".join(known)
                message = f"an item of `{name}` has no `{key[:80]}`"
                yield Finding(codes.KEY_UNKNOWN, message, (*at, index, key), hint, on_key=True)


def full(name: str, item: Any) -> Any:
    """An item of a list as an object: a text or a matcher stands for the key that matters most."""
    if name == "requests" and isinstance(item, str):
        method, _, address = item.rpartition(" ")
        return {"method": method, "address": address} if method else {"address": address}
    if name in SHORT and not (isinstance(item, dict) and matcher_of(item) is None):
        return {SHORT[name]: item}
    return item
