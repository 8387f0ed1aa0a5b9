"""A test file: the channel, what its cases have in common, and the cases."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import Field, StrictBool, StrictInt, StrictStr

from akrun.model.base import FileModel, Finding, Model, repeated
from akrun.testkit import codes
from akrun.testkit.format.expect import Expect
from akrun.testkit.format.fixtures import ConnectorFixture, SqlMock, StoreRow
from akrun.testkit.format.http import HttpMock
from akrun.testkit.format.kinds import (
    FieldsOrText,
    FileOrObject,
    FlagOrText,
    IdOrFields,
    Moment,
    OperationName,
    Span,
)

ENTRIES: Final = (
    "send", "profile", "profiles", "audience", "callback", "schedule", "moderate", "stop", "operation",
    "advance",
)  # fmt: skip
"""Keys that say what enters; `profile` may come with `subscription`."""


class Row(Model):
    """One profile of an audience."""

    profile: dict[StrictStr, Any]
    """The profile's fields; `id` among them."""
    subscription: dict[StrictStr, Any] = Field(default_factory=dict)
    """The subscription's fields."""


class Callback(Model):
    """A request of the service at the channel's listener."""

    method: StrictStr = "POST"
    """The method."""
    resource: StrictStr = ""
    """What stands in the address after the channel's string id."""
    query: FieldsOrText = ""
    """The query, as fields or as it is written."""
    headers: dict[StrictStr, Any] = Field(default_factory=dict)
    """Headers; they take the place of what would be sent anyway, null leaves one out."""
    json_: Any = Field(default=None, alias="json")
    """The body: this value as JSON."""
    form: dict[StrictStr, Any] | None = None
    """The body: an urlencoded form."""
    body: StrictStr | None = None
    """The body: this text."""
    file: StrictStr | None = None
    """The body: the bytes of this file beside the test."""
    remote: StrictStr = "203.0.113.9"
    """The client's address."""
    signed: StrictBool = True
    """Whether it carries the shared secret and the signature that the channel asks for."""
    age: Span = 0.0
    """How long ago it was signed."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        given = [name for name in ("json_", "form", "body", "file") if name in self.model_fields_set]
        if len(given) > 1:
            names = [name.rstrip("_") for name in given]
            message = f"`{names[0]}` and `{names[1]}` both say what the body is"
            yield Finding(codes.CASE, message, (names[1],), "keep one of them", on_key=True)


class Scheduled(Model):
    """A hand-over that is due."""

    pipe: StrictInt
    """The pipe of the pipeline `schedule` at which it enters."""
    data: dict[StrictStr, Any] = Field(default_factory=dict)
    """`$in` and `$origin`."""


class Entry(Model):
    """What enters: exactly one of these keys, but for `subscription` and `input`, which go with others."""

    send: StrictBool = False
    """The mailing of an indirect channel is sent."""
    profile: IdOrFields = None
    """The mailing is sent to this profile: its fields, or its id in the mailing's audience."""
    subscription: dict[StrictStr, Any] | None = None
    """The subscription's fields."""
    profiles: list[Row] | None = None
    """The mailing is sent to these, one after the other."""
    audience: StrictStr | None = None
    """The mailing is sent to the audience of this file beside the test, one profile after the other."""
    callback: Callback | None = None
    """The service calls the listener."""
    schedule: Scheduled | None = None
    """A hand-over is due."""
    moderate: StrictBool = False
    """The mailing is handed in to moderation."""
    stop: FlagOrText = False
    """The mailing's placement is stopped; a text is the reason."""
    operation: OperationName = None
    """An operation of an entity: `category.create`."""
    input: dict[StrictStr, Any] | None = None
    """The operation's input."""
    advance: Span = None
    """Time passes: seconds, a text such as `90s`, `5m`, `2h`, `1d`, or `end`: until no hand-over is left.
    What becomes due is run at its time."""

    @property
    def kind(self) -> str | None:
        """Which of `ENTRIES` it is; None when it is none."""
        return next((name for name in ENTRIES if getattr(self, name) not in (None, False)), None)

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterable[Finding]:
        """See `Model.rules`."""
        given = [name for name in ENTRIES if raw.get(name) not in (None, False)]
        if len(given) > 1:
            message = f"`{given[0]}` and `{given[1]}` both say what enters"
            hint = "list them as `steps`, one after the other"
            yield Finding(codes.CASE, message, (given[1],), hint, on_key=True)
        for name, owner in (("subscription", "profile"), ("input", "operation")):
            if raw.get(name) is not None and raw.get(owner) is None:
                yield Finding(
                    codes.CASE, f"`{name}` goes with `{owner}`", (name,), f"add `{owner}`", on_key=True
                )


class Step(Entry):
    """One step of a case."""

    name: StrictStr | None = None
    """For people."""
    http: list[HttpMock] = Field(default_factory=list)
    """Mocks that come before those of the case, in this step."""
    expect: Expect | None = None
    """What must come of this step."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        if self.kind is None:
            yield Finding(codes.CASE, "nothing enters in this step", (), "one of: " + ", ".join(ENTRIES))


class Setup(Model):
    """What a case begins with."""

    mailing: FileOrObject = None
    """The mailing: a file beside the test, or the mailing itself."""
    set: dict[StrictStr, Any] = Field(default_factory=dict)
    """Values in the place of the mailing's, by path (`sender.api_key: k-1`), and values of the serving
    process."""
    env: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    """The environment variables that `env:NAME` stands for; there are no others."""
    start: Moment = None
    """When the case begins; default 2030-01-01T00:00:00Z."""
    seed: StrictInt | None = None
    """For `uuid()`, `random()` and jitter; default 0."""
    http: list[HttpMock] = Field(default_factory=list)
    """Mocks of HTTP; the first that a request fits answers it, and one that none answers fails the case."""
    store: list[StoreRow] = Field(default_factory=list)
    """Contents of the store."""
    connectors: dict[StrictStr, ConnectorFixture] = Field(default_factory=dict)
    """Databases by connector id."""
    sql: list[SqlMock] = Field(default_factory=list)
    """Answers to statements; the first that a statement fits is given, before a database is asked."""

    def over(self, defaults: "Setup") -> "Setup":
        """This setup, with what the defaults add: their mocks come after, other keys where there is none."""
        return Setup.model_construct(
            mailing=self.mailing if self.mailing is not None else defaults.mailing,
            set={**defaults.set, **self.set},
            env={**defaults.env, **self.env},
            start=self.start or defaults.start,
            seed=self.seed if self.seed is not None else defaults.seed,
            http=[*self.http, *defaults.http],
            store=[*defaults.store, *self.store],
            connectors={**defaults.connectors, **self.connectors},
            sql=[*self.sql, *defaults.sql],
        )


class Case(Setup, Entry):
    """A case: what enters, and what must come of it."""

    name: StrictStr = Field(min_length=1)
    """What it shows; unique in the file."""
    steps: list[Step] = Field(default_factory=list)
    """What enters one after the other, in place of one thing."""
    expect: Expect | None = None
    """What must come of the case, all its steps together."""

    def own_rules(self) -> Iterator[Finding]:
        """See `Model.own_rules`."""
        if self.kind is not None and self.steps:
            yield Finding(
                codes.CASE, f"with `steps`, `{self.kind}` is one of them", (self.kind,), None, on_key=True
            )
        if self.kind is None and not self.steps:
            hint = "one of: " + ", ".join((*ENTRIES, "steps"))
            yield Finding(codes.CASE, "nothing enters in this case", (), hint)
        expected = [each for each in (self.expect, *(step.expect for step in self.steps)) if each is not None]
        if not any(each.model_fields_set for each in expected):
            yield Finding(codes.CASE, "this case expects nothing, so it cannot fail", (), "add `expect`")


class CaseFile(FileModel):
    """A test file."""

    channel: StrictStr
    """The channel's file, seen from the test's folder."""
    defaults: Setup = Setup()
    """What all cases begin with."""
    cases: list[Case] = Field(min_length=1)
    """The cases; each runs for itself."""

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterable[Finding]:
        """See `Model.rules`."""
        for index, name in repeated(raw.get("cases"), "name"):
            message = f"an earlier case has the name {name!r}"
            yield Finding(codes.CASE, message, ("cases", index, "name"), "names tell cases apart")
