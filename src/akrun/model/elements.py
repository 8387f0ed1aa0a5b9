"""The elements of a layout: those that only show something, and the data fields with their constraints."""

import binascii
import math
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from akrun.model import codes, patterns
from akrun.model.base import Finding, Model
from akrun.model.violations import Violation, wrong_type
from aktmpl.errors import nearest

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/(?:\*|[\w.+-]+)", re.ASCII)
_URL = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_FILE_KEYS = ("name", "media_type", "size", "url", "content")


class Message(Model):
    """A paragraph of text between the fields; stores nothing."""

    type: Literal["message"]
    text: StrictStr
    """What is shown."""


class Header(Model):
    """A heading between the fields; stores nothing."""

    type: Literal["header"]
    text: StrictStr
    """What is shown."""


class Divider(Model):
    """A line between the fields; stores nothing."""

    type: Literal["divider"]


class DataField(Model):
    """What all fields that store a value have in common."""

    name: StrictStr
    """The path after `$<object>.`, such as `body` or `button.url`."""
    label: StrictStr | None = None
    """Shown above the field; the name when absent."""
    required: StrictBool = False
    """Whether an object without a value for this field is refused."""
    default: Any = None
    """The value when none is given; must keep the field's own rules."""
    help: StrictStr | None = None
    """A longer explanation shown beside the field."""
    secret: StrictBool = False
    """Never shown, logged or traced."""

    def check(self, value: Any) -> Iterator[Violation]:
        """Every rule of this field that a value, which is not null, breaks."""
        raise NotImplementedError

    def filled(self, value: Any) -> Any:
        """A right value, with what follows from the rest of it filled in."""
        return value

    def own_rules(self) -> Iterable[Finding]:
        """See `Model.own_rules`."""
        broken = list(self.constraint_rules())
        yield from broken
        if self.default is not None and not broken:
            for violation in self.check(self.default):
                message = f"the default of `{self.name}` {violation.message}{violation.detail}"
                yield Finding(codes.FIELD_RULE, message, ("default", *violation.at), violation.hint)

    def constraint_rules(self) -> Iterator[Finding]:
        """Constraints that contradict each other or cannot be read."""
        yield from ()


class IntField(DataField):
    """A whole number."""

    type: Literal["int"]
    min: StrictInt | None = None
    """Least value that is allowed."""
    max: StrictInt | None = None
    """Greatest value that is allowed."""

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if isinstance(value, bool) or not isinstance(value, int):
            yield wrong_type("a whole number", value)
            return
        if self.min is not None and value < self.min:
            yield Violation("min", f"must be at least {self.min}")
        if self.max is not None and value > self.max:
            yield Violation("max", f"must be at most {self.max}")

    def constraint_rules(self) -> Iterator[Finding]:
        """See `DataField.constraint_rules`."""
        if self.min is not None and self.max is not None and self.min > self.max:
            yield Finding(codes.FIELD_RULE, f"`max` of `{self.name}` is less than its `min`", ("max",))


class _Worded(DataField):
    """A text of whatever kind."""

    min_length: StrictInt | None = Field(default=None, ge=0)
    """Fewest characters."""
    max_length: StrictInt | None = Field(default=None, ge=0)
    """Most characters."""
    pattern: StrictStr | None = None
    """A regular expression (RE2) that the whole text must match."""

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not isinstance(value, str):
            yield wrong_type("text", value)
            return
        if self.min_length is not None and len(value) < self.min_length:
            message = f"must have at least {self.min_length} characters"
            yield Violation("min_length", message, detail=f", has {len(value)}")
        if self.max_length is not None and len(value) > self.max_length:
            message = f"must have at most {self.max_length} characters"
            yield Violation("max_length", message, detail=f", has {len(value)}")
        if self.pattern is not None and not patterns.matches(self.pattern, value):
            yield Violation("pattern", f"must match the pattern {self.pattern}")

    def constraint_rules(self) -> Iterator[Finding]:
        """See `DataField.constraint_rules`."""
        if None not in (self.min_length, self.max_length) and (self.min_length or 0) > (self.max_length or 0):
            message = f"`max_length` of `{self.name}` is less than its `min_length`"
            yield Finding(codes.FIELD_RULE, message, ("max_length",))
        if self.pattern is not None and (reason := patterns.fault(self.pattern)) is not None:
            message = f"the pattern of `{self.name}` is not RE2: {reason}"
            yield Finding(codes.FIELD_RULE, message, ("pattern",))


class StringField(_Worded):
    """One line of text."""

    type: Literal["string"]

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        yield from super().check(value)
        if isinstance(value, str) and ("\n" in value or "\r" in value):
            yield Violation("line", "must be one line", hint="a field of type `text` takes several")


class TextField(_Worded):
    """Text of several lines."""

    type: Literal["text"]


class HtmlField(_Worded):
    """HTML source."""

    type: Literal["html"]


class BoolField(DataField):
    """True or false."""

    type: Literal["bool"]

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not isinstance(value, bool):
            yield wrong_type("true or false", value)


class JsonField(DataField):
    """Any JSON value."""

    type: Literal["json"]

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not _is_json(value):
            yield Violation("type", "must be a JSON value")


class ColorField(DataField):
    """A colour as `#RRGGBB`."""

    type: Literal["color"]

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not isinstance(value, str):
            yield wrong_type("text", value)
        elif not _COLOR.fullmatch(value):
            yield Violation("color", "must be a colour written #RRGGBB")


class EnumOption(Model):
    """One value that can be chosen."""

    value: StrictStr | StrictInt
    """What is stored."""
    label: StrictStr | None = None
    """What is shown; the value when absent."""


class EnumField(DataField):
    """One of a fixed set of values."""

    type: Literal["enum"]
    options: tuple[StrictStr | StrictInt | EnumOption, ...] = Field(min_length=1)
    """The values, each plain or with a label."""

    @property
    def values(self) -> tuple[str | int, ...]:
        """The values that can be chosen."""
        return tuple(each.value if isinstance(each, EnumOption) else each for each in self.options)

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not any(type(value) is type(each) and value == each for each in self.values):
            listed = [str(each) for each in self.values]
            yield Violation(
                "options", f"must be one of {', '.join(listed)}", hint=nearest(str(value), listed)
            )

    def constraint_rules(self) -> Iterator[Finding]:
        """See `DataField.constraint_rules`."""
        for index, value in enumerate(self.values):
            if any(type(value) is type(each) and value == each for each in self.values[:index]):
                message = f"the option `{value}` of `{self.name}` stands here a second time"
                yield Finding(codes.FIELD_RULE, message, ("options", index))


class FileField(DataField):
    """A file: an object of `name`, `media_type`, `size` in bytes, and either `url` or `content` (base64).

    The size of a file with content is known without being given.
    """

    type: Literal["file"]
    max_size: StrictInt | None = Field(default=None, gt=0)
    """Most bytes."""
    media_types: tuple[StrictStr, ...] = ()
    """Media types that are allowed, such as `image/png` or `image/*`; all when empty."""

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not isinstance(value, dict):
            yield wrong_type("an object", value)
            return
        for key in value:
            if key not in _FILE_KEYS:
                hint = nearest(str(key), _FILE_KEYS)
                yield Violation(
                    "unknown", f"has the unknown key `{str(key)[:80]}`", (key,), hint, on_key=True
                )
        for key in ("name", "media_type"):
            if key not in value:
                yield Violation("required", f"needs the key `{key}`")
        for key in ("name", "media_type", "url", "content"):
            if key in value and not isinstance(value[key], str):
                yield wrong_type("text", value[key], (key,))
        if ("url" in value) == ("content" in value):
            yield Violation("source", "needs either `url` or `content`")
        elif isinstance(value.get("url"), str) and not _URL.fullmatch(value["url"]):
            yield Violation("url", "must be an http or https address", ("url",))
        elif isinstance(value.get("content"), str) and _decoded_size(value["content"]) is None:
            yield Violation("content", "must be base64", ("content",))
        yield from self._check_size(value)
        yield from self._check_media_type(value)

    def filled(self, value: Any) -> Any:
        """See `DataField.filled`: a file that carries its content gets its `size`."""
        if not isinstance(value, dict) or "size" in value or not isinstance(value.get("content"), str):
            return value
        size = _decoded_size(value["content"])
        return value if size is None else {**value, "size": size}

    def _check_size(self, value: Mapping[str, Any]) -> Iterator[Violation]:
        size = value.get("size")
        content = value.get("content")
        found = _decoded_size(content) if isinstance(content, str) and "url" not in value else None
        if size is None and "size" not in value:
            if found is None and self.max_size is not None and "url" in value:
                yield Violation("required", "needs the key `size`, since its size is limited")
            size = found if found is not None else 0
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            yield Violation("type", "must have a `size` in whole bytes", ("size",))
        elif found is not None and size != found:
            yield Violation("size", f"must be the size of the content, {found} bytes", ("size",))
        elif self.max_size is not None and size > self.max_size:
            at = ("size",) if "size" in value else ()
            detail = "" if at else f", has {size}"
            yield Violation("max_size", f"must have at most {self.max_size} bytes", at, detail=detail)

    def _check_media_type(self, value: Mapping[str, Any]) -> Iterator[Violation]:
        given = value.get("media_type")
        if not isinstance(given, str):
            return
        essence = given.partition(";")[0].strip().lower()
        allowed = [each.lower() for each in self.media_types]
        if not _MEDIA_TYPE.fullmatch(essence) or essence.endswith("/*"):
            yield Violation("media_types", "must be a media type such as image/png", ("media_type",))
        elif allowed and essence not in allowed and essence.partition("/")[0] + "/*" not in allowed:
            yield Violation("media_types", f"must be of type {', '.join(self.media_types)}", ("media_type",))

    def constraint_rules(self) -> Iterator[Finding]:
        """See `DataField.constraint_rules`."""
        for index, media_type in enumerate(self.media_types):
            if not _MEDIA_TYPE.fullmatch(media_type):
                message = f"`{media_type}` is no media type"
                yield Finding(
                    codes.FIELD_RULE, message, ("media_types", index), "such as image/png or image/*"
                )


class EntityField(DataField):
    """An external entity, chosen by a person; takes a whole row. Its value has the entity's structure."""

    type: Literal["entity"]
    entity: StrictStr
    """The entity's `shortname`."""

    def check(self, value: Any) -> Iterator[Violation]:
        """See `DataField.check`."""
        if not isinstance(value, dict):
            yield wrong_type("an object", value)


def _decoded_size(content: str) -> int | None:
    """Bytes that base64 stands for; None for what is not base64."""
    try:
        return len(b64decode(content, validate=True))
    except (binascii.Error, ValueError):  # ValueError: the text is not ASCII
        return None


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
