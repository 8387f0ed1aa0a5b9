from typing import Any

import pytest

import aktmpl
from aktmpl.json_form import to_json

SMALL = aktmpl.Limits(string=1_000)
LONG = "x" * 900


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("repeat('x', 10 ^ 18)", "E506"),
        ("repeat(in.long, 2)", "E506"),
        ("pad_left('x', 10 ^ 18)", "E506"),
        ("pad_right('x', 10 ^ 18, 'ab')", "E506"),
        ("replace(in.long, 'x', 'xx')", "E506"),
        ("replace(in.long, 'x', in.long)", "E506"),
        ("join([in.long, in.long])", "E506"),
        ("join(split(in.long, 'x'), in.long)", "E506"),
        ("join(in.list, in.long)", "E506"),
        ("upper(in.sharp)", "E506"),
        ("url_encode(in.cyrillic)", "E506"),
        ("json(in.deep, indent=8)", "E506"),
        ("json([in.long, in.long])", "E506"),
        ("format_number(1, 10 ^ 18)", "E506"),
        ("format_number(10 ^ 900, group=in.long)", "E506"),
        ("format_date('2024-01-01', in.format)", "E506"),
        ("html_escape(repeat('<', 900))", "E506"),
        ("base64(in.long)", "E506"),
        ("hex(in.long)", "E506"),
        ("flatten([in.list, in.list, in.list])", "E506"),
        ("int(in.digits)", "E410"),
        ("sum([10 ^ 3999, 10 ^ 3999, 9 * 10 ^ 3999])", "E505"),
        ("parse_json(in.nested)", "E502"),
        ("parse_json(in.brackets)", "E502"),
        ("parse_json(in.number)", "E505"),
        ("map([in], in.path)", "E503"),
    ],
)
def test_what_would_be_too_large_is_refused(expression: str, code: str) -> None:
    deep: Any = [1]
    for _ in range(50):
        deep = [deep, 1]
    scope = {
        "in": {
            "long": LONG,
            "sharp": "ß" * 600,
            "cyrillic": "я" * 200,
            "list": ["a"] * 400,
            "deep": [deep] * 10,
            "format": "%Y" * 300,
            "digits": "9" * 5_000,
            "nested": "[" * 70 + "]" * 70,
            "brackets": "[" * 100_000,
            "number": "9" * 10_000,
            "path": ".".join(["a"] * 40),
        }
    }
    template = aktmpl.Environment(("in",), limits=SMALL).compile_text(f"$#{{{expression}}}")
    with pytest.raises(aktmpl.TemplateError) as caught:
        template.render(scope)
    assert caught.value.code == code


def test_strings_within_the_limit_are_made() -> None:
    environment = aktmpl.Environment(("in",), limits=SMALL)
    for expression in (
        "repeat('x', 1000)",
        "pad_left('x', 1000)",
        "join([in, 'y'])",
        "replace(in, 'x', 'y')",
    ):
        assert len(environment.compile_text(f"${{{expression}}}").render({"in": "x" * 999})) >= 999


def test_the_default_limit_is_a_mebibyte() -> None:
    assert len(aktmpl.compile_text("${repeat('x', 1048576)}").render({})) == 1_048_576
    with pytest.raises(aktmpl.LimitError):
        aktmpl.compile_text("${repeat('x', 1048577)}").render({})


@pytest.mark.parametrize(
    "expression",
    [
        "round(in, 10 ^ 18)",
        "round(in, -(10 ^ 18))",
        "format_number(in)",
        "format_number(in, 30)",
        "floor(in)",
        "int(in)",
        "plural(in, {other: 'x'}, 'ru')",
        "add_time('2024-01-01', int(in), 'seconds') ?? 1",
        "parse_date(in)",
        "slice('abc', int(in))",
        "truncate('abc', int(in))",
    ],
)
@pytest.mark.parametrize("number", [1e308, -1e308, 5e-324, 10**3999, -(10**3999), 0, -0.0])
def test_extreme_numbers_give_a_value_or_a_located_error(expression: str, number: float) -> None:
    template = aktmpl.compile_text(f"$#{{{expression}}}")
    try:
        assert to_json(template.render({"in": number}))
    except aktmpl.TemplateError as fault:
        assert fault.code in ("E410", "E506")
        assert "failed" not in fault.message


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("1" * 1_000, "%d" + "1" * 900),
        ("1" * 200_000, "%Y"),
        (" " * 900, " %d  %m   %Y "),
        ("1 " * 400, "%d %m %H %I %M %S %f %j"),
        ("a" * 900, "%B%b%A%a"),
    ],
)
def test_hostile_dates_are_refused_at_once(text: str, format: str) -> None:  # noqa: A002
    with pytest.raises(aktmpl.TemplateError) as caught:
        aktmpl.compile_text("${parse_date(in.text, in.format)}").render(
            {"in": {"text": text, "format": format}}
        )
    assert caught.value.code == "E410"
