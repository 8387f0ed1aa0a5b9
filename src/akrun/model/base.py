"""What all models of files share: strictness, rules that span several keys, and errors with their cure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    StrictStr,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, core_schema

from akrun.model.docstrings import attribute_docstrings

UNKNOWN_KEY = "unknown_key"
"""Error type of a key that a model does not have; its context holds `known`, the keys that it has."""
RULE = "rule"
"""Error type of a broken rule; its context holds the parts of a `Finding`."""


def literals(alias: Any) -> tuple[str, ...]:
    """The texts that a `Literal` alias allows."""
    return tuple(str(each) for each in get_args(alias))


_PYDANTIC_ERRORS = frozenset(literals(core_schema.ErrorType))


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule.

    Attributes:
        code: Of `akrun.model.codes`.
        message: What is wrong, for people.
        at: The path to the part that is wrong, from the model that found it.
        hint: How to mend it.
        on_key: Whether the key at `at` is meant rather than its value.
    """

    code: str
    message: str
    at: tuple[str | int, ...] = ()
    hint: str | None = None
    on_key: bool = False


class Model(BaseModel):
    """A part of a file: immutable, without unknown keys, every broken rule reported at once.

    A subclass states rules in `rules` (over the written JSON, so that they hold their ground when other
    parts are broken) or in `own_rules` (over the finished model, where they need its types).
    """

    # A command builds the few of them that it needs.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of a model, its fields described by what stands below them."""
        made = handler(schema)
        properties = handler.resolve_ref_schema(made)["properties"]
        for name, text in attribute_docstrings(cls).items():
            if name in cls.model_fields:
                properties[cls.model_fields[name].alias or name]["description"] = text
        return made

    @classmethod
    def rules(cls, raw: Mapping[str, Any]) -> Iterable[Finding]:  # noqa: ARG003 - for subclasses
        """Broken rules of an object as it is written; parts of it may have any type."""
        return ()

    def own_rules(self) -> Iterable[Finding]:
        """Broken rules of a model whose keys are all right by themselves."""
        return ()

    @model_validator(mode="wrap")
    @classmethod
    def _check(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        findings = list(cls.rules(value)) if isinstance(value, dict) else []
        details: list[InitErrorDetails] = []
        model: Self | None = None
        try:
            model = handler(value)
            findings.extend(model.own_rules())
        except ValidationError as error:
            details.extend(
                cls._explained(each) for each in error.errors(include_url=False) if not _is_echo(each)
            )
        if model is not None and not findings:
            return model
        details.extend(_detail(finding) for finding in findings)
        raise ValidationError.from_exception_data(cls.__name__, details)

    @classmethod
    def _explained(cls, error: ErrorDetails) -> InitErrorDetails:
        """The same error, fit to be raised again; a key that is too much learns which ones there are."""
        kind, context = error["type"], error.get("ctx", {})
        if kind == "extra_forbidden" and len(error["loc"]) == 1:
            known = [field.alias or name for name, field in cls.model_fields.items()]
            custom = PydanticCustomError(UNKNOWN_KEY, "unknown key", {"known": known})
            return InitErrorDetails(type=custom, loc=error["loc"], input=error["input"])
        again: str | PydanticCustomError = kind
        if kind not in _PYDANTIC_ERRORS:
            again = PydanticCustomError(kind, error["msg"], context)  # pyright: ignore[reportArgumentType]
        return InitErrorDetails(type=again, loc=error["loc"], input=error["input"], ctx=context)


class FileModel(Model):
    """What a whole file describes."""

    schema_: StrictStr | None = Field(default=None, alias="$schema", exclude=True, repr=False)
    """The JSON Schema by which an editor checks and completes the file; nothing else takes notice of it."""


def _is_echo(error: ErrorDetails) -> bool:
    """Whether the error only says that a list is too short once its broken items are left out."""
    least = error.get("ctx", {}).get("min_length", 0)
    return error["type"] == "too_short" and len(error["input"]) >= least


def _detail(finding: Finding) -> InitErrorDetails:
    context = {
        "message": finding.message, "code": finding.code, "hint": finding.hint, "on_key": finding.on_key,
    }  # fmt: skip
    return InitErrorDetails(type=PydanticCustomError(RULE, "{message}", context), loc=finding.at, input=None)


def objects(raw: Any) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Index and value of the objects in what should be a list of them, whatever it is."""
    if isinstance(raw, list | tuple):
        for index, item in enumerate(raw):
            if isinstance(item, dict):
                yield index, item


def repeated(raw: Any, key: str) -> Iterable[tuple[int, Any]]:
    """Index and value of each object of a list whose scalar `key` an earlier object of the list has."""
    seen: set[tuple[type, Any]] = set()
    for index, item in objects(raw):
        value = item.get(key)
        if not isinstance(value, str | int):
            continue
        if (type(value), value) in seen:
            yield index, value
        seen.add((type(value), value))
