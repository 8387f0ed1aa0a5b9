"""How far a line has come."""

import pytest

from aktmpl.repl.scan import Kind, Position, scan, unfinished


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Hello ", "text", Position(expression=False, string="", brackets=0)),
        ("Hello ${in", "text", Position(expression=True, string="", brackets=1)),
        ("Hello ${in} ", "text", Position(expression=False, string="", brackets=0)),
        (r"Hello \${in", "text", Position(expression=False, string="", brackets=0)),
        (r"Hello \\${in", "text", Position(expression=True, string="", brackets=1)),
        ("$#{'a}", "text", Position(expression=True, string="'", brackets=1)),
        (r"$#{'a\'}", "text", Position(expression=True, string="'", brackets=1)),
        ("${f(a, [b", "text", Position(True, "", 3, "f", "a, [b")),  # noqa: FBT003 - a position
        ("${f(a) + (", "text", Position(expression=True, string="", brackets=2)),
        ("f(g(1), ", "query", Position(True, "", 1, "f", "g(1), ")),  # noqa: FBT003
        ("in.x", "query", Position(expression=True, string="", brackets=0)),
        ('{"a": "${in', "document", Position(expression=True, string="", brackets=1)),
        (r'{"a": "\"${in', "document", Position(expression=True, string="", brackets=1)),
        ('{"a": 5, ', "document", Position(expression=False, string="", brackets=0)),
    ],
)
def test_position(text: str, kind: Kind, expected: Position) -> None:
    assert scan(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Hello $in.x", "text", False),
        ("Hello (", "text", False),
        ("it's", "text", False),
        ("${in.x +", "text", True),
        ("${in.x +\n", "text", False),
        ("${f(x)", "text", True),
        ("f(x", "query", True),
        ("'abc", "query", True),
        ("f(x)", "query", False),
        ('{"a":', "document", True),
        ('{"a": "}', "document", True),
        ('{"a": "}"}', "document", False),
    ],
)
def test_unfinished(text: str, kind: Kind, expected: bool) -> None:  # noqa: FBT001
    assert unfinished(text, kind) is expected
