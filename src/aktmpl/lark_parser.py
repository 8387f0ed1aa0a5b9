"""The parser that the grammar describes: its tables as they were shipped, or else built anew.

Building the tables takes some ten times as long as loading them. `python -m aktmpl.lark_parser` writes them
into `parser_tables.json`; they count only for the same grammar and the same version of Lark. Nothing is
kept anywhere at run time: whoever can write a cache can change what a template means.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from aktmpl.build import Builder

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = Path(__file__).with_name("parser_tables.json")


def grammar_text() -> str:
    """The grammar file: beside the modules in an installed package, at the top of the source tree else."""
    packaged = Path(__file__).parent / "grammar" / "template.lark"
    path = packaged if packaged.is_file() else Path(__file__).parents[2] / "grammar" / "template.lark"
    return path.read_text(encoding="utf-8")


def parser() -> Lark:
    """The parser, from the shipped tables if they are those of this grammar."""
    grammar = grammar_text()
    try:
        tables = json.loads(TABLES.read_text(encoding="utf-8"), object_pairs_hook=_with_numbers)
    except (OSError, ValueError):
        return built(grammar, Builder())
    if tables["made of"] != _origin(grammar):
        return built(grammar, Builder())
    load: Callable[..., Lark] = Lark._load_from_dict  # noqa: SLF001 - what Lark's stand-alone parsers call
    return load(tables["data"], tables["memo"], transformer=Builder())


def built(grammar: str, transformer: Any = None) -> Lark:
    """The parser, its tables made of the grammar."""
    return Lark(
        grammar,
        parser="lalr",
        lexer="contextual",
        start=["text", "query", "expansion"],
        transformer=transformer,
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def tables_of(grammar: str) -> dict[str, Any]:
    """The tables in the form in which they are shipped."""
    data, memo = built(grammar).memo_serialize([TerminalDef, Rule])
    return {"made of": _origin(grammar), "data": data, "memo": memo}


def _origin(grammar: str) -> list[Any]:
    return [lark.__version__, crc32(grammar.encode())]


def _with_numbers(pairs: list[tuple[str, Any]]) -> dict[str | int, Any]:
    """An object whose keys that are numbers are numbers again: JSON has none."""
    return {int(key) if key.isdigit() else key: value for key, value in pairs}


if __name__ == "__main__":
    TABLES.write_text(json.dumps(tables_of(grammar_text()), separators=(",", ":")) + "\n")
