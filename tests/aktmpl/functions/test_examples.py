from typing import Any

import pytest

import aktmpl
from aktmpl.functions import Example, Function, builtin
from aktmpl.functions.registry import FAMILIES

SPECIFIED = {
    "text": "upper lower capitalize title trim replace split join slice truncate pad_left pad_right "
    "starts_with ends_with matches extract length repeat slug normalize_space",
    "number": "int float round floor ceil abs min max sum format_number",
    "date": "now parse_date format_date add_time timestamp to_timezone",
    "encoding": "json parse_json base64 parse_base64 base64url hex url_encode url_decode html_escape "
    "xml_escape",
    "hashing": "md5 sha1 sha256 sha512 crc32 hmac",
    "collections": "first last keys values map where sort_by unique flatten merge reverse count",
    "logic": "default coalesce type_of",
    "messaging": "digits e164 sms_segments plural mask",
    "identity": "uuid random",
}


def examples() -> list[Any]:
    return [
        pytest.param(function, example, id=f"{function.name}-{position}")
        for function in builtin().values()
        for position, example in enumerate(function.examples)
    ]


@pytest.mark.parametrize(("function", "example"), examples())
def test_the_example_gives_what_it_says(function: Function, example: Example) -> None:
    assert function.name in example.expression

    def rendered() -> Any:
        return aktmpl.compile_text(f"$#{{{example.expression}}}").render(example.scope)

    if example.error:
        with pytest.raises(aktmpl.TemplateError) as caught:
            rendered()
        assert caught.value.code == example.error
        assert f"`{function.name}`" in caught.value.message or not example.error.startswith("E4")
    else:
        value = rendered()
        assert value == example.result
        assert type(value) is type(example.result)


@pytest.mark.parametrize("function", builtin().values(), ids=lambda function: function.name)
def test_the_function_is_described(function: Function) -> None:
    assert len(function.examples) >= 2
    assert function.doc.endswith((".", "`.")) or function.doc.endswith("b ?? c`.")
    assert "\n" not in function.doc
    assert function.since
    assert function.category in FAMILIES


def test_every_function_that_is_specified_is_there_in_its_family() -> None:
    known = {name: function.category for name, function in builtin().items()}
    wanted = {name: family for family, names in SPECIFIED.items() for name in names.split()}
    assert known.items() >= wanted.items()
    assert set(known) - set(wanted) == {"sms_encoding"}


def test_the_families_stand_in_the_order_of_the_registry() -> None:
    categories = [function.category for function in builtin().values()]
    assert tuple(dict.fromkeys(categories)) == FAMILIES


def test_only_time_and_chance_are_impure() -> None:
    assert [name for name, function in builtin().items() if not function.pure] == ["now", "uuid", "random"]


def test_no_function_changes_its_arguments() -> None:
    value: dict[str, Any] = {"a": [3, 1, 2], "b": [{"n": 1}, {"n": 0}]}
    scope = {"in": value}
    for expression in (
        "sort_by(in.a)",
        "reverse(in.a)",
        "in.b | sort_by('n')",
        "merge(in, {c: 1})",
        "flatten([in.a])",
        "unique(in.a)",
    ):
        aktmpl.compile_text(f"$#{{{expression}}}").render(scope)
    assert value == {"a": [3, 1, 2], "b": [{"n": 1}, {"n": 0}]}
