"""What is said of functions, pipes, fields and types, as Markdown."""

from collections.abc import Mapping
from typing import Any

from akrun.editor.symbols import Symbol
from akrun.pipes.reference import describe, facts
from akrun.pipes.spec import PipeSpec
from aktmpl.describe_functions import description
from aktmpl.functions.function import Function
from aktmpl.schema import Field, Type

_MOST_FIELDS = 20


def function_text(function: Function) -> str:
    """A function: signature, what it gives, examples."""
    signature, *rest = description(function).split("\n")
    text = "\n".join(line[2:] for line in rest)
    about, _, examples = text.partition("\n\n") if function.examples else (text, "", "")
    shown = f"\n\n```text\n{examples.strip()}\n```" if examples else ""
    return f"```aktmpl\n{signature}\n```\n{about}{shown}"


def pipe_words(pipe: Mapping[str, Any]) -> str:
    """A pipe as it is written, in a few words: its type and its label."""
    label = pipe.get("label")
    kind = pipe.get("type")
    return f"{kind}: {label}" if isinstance(label, str) else str(kind)


def symbol_text(symbol: Symbol, about: Mapping[str, Any]) -> str:
    """A part of a channel: what it is, and what its declaration says to people."""
    if symbol.kind == "pipe":
        return f"pipe {symbol.name}: {pipe_words(about)}"
    words = about.get("label") if symbol.kind == "field" else about.get("name")
    return f"{symbol.kind} `{symbol.name}`" + (f": {words}" if isinstance(words, str) else "")


def said(about: Mapping[str, Any]) -> str:
    """What a field's declaration says to people, as paragraphs."""
    found = [str(about[key]) for key in ("label", "help") if isinstance(about.get(key), str)]
    if about.get("secret") is True:
        found.append("Secret: never shown, logged or traced.")
    return "".join(f"\n\n{each}" for each in found)


def spec_text(spec: PipeSpec[Any]) -> str:
    """A kind of pipe: what it does, where it stands, its parameters."""
    about = describe(spec)
    rows = [f"**{spec.name}** — {spec.summary}", ""]
    rows += [f"* {name}: {text}" for name, text in facts(about)]
    rows += ["", *(_parameter(each) for each in about["params"])]
    return "\n".join(rows)


def _parameter(about: Mapping[str, Any]) -> str:
    required = ", required" if about["required"] else ""
    return f"* `{about['name']}` ({about['type']}{required}): {about['description']}"


def type_text(name: str, of: Type, *, optional: bool = False) -> str:
    """A path and its type; of an object, its fields with theirs."""
    perhaps = ", may be missing" if optional else ""
    rows = [f"`{name}`: {of if not of.fields else 'object'}{perhaps}"]
    listed = [*of.fields.items()]
    if listed:
        rows.append("")
    rows += [_member(key, each) for key, each in listed[:_MOST_FIELDS]]
    if len(listed) > _MOST_FIELDS:
        rows.append(f"* … {len(listed) - _MOST_FIELDS} more")
    return "\n".join(rows)


def _member(key: str, field: Field) -> str:
    return f"* `{key}`: {field.type}{', may be missing' if field.optional else ''}"
