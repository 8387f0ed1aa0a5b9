import hashlib
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from babel import Locale

import aktmpl
from aktmpl.errors import Fault
from aktmpl.functions import builtin, plurals, strftime
from aktmpl.functions.reference import page


def call(name: str, *arguments: Any, **named: Any) -> Any:
    return builtin()[name](*arguments, **named)


def code_of(name: str, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Fault) as caught:
        call(name, *arguments, **named)
    return caught.value.code


ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_fresh() -> None:
    page_of_registry = page(builtin())
    assert (ROOT / "docs" / "functions.md").read_text(encoding="utf-8") == page_of_registry, (
        "run python -m aktmpl.functions.reference > docs/functions.md"
    )
    assert page_of_registry.count("\n### ") == len(builtin())


def test_importing_the_package_loads_no_family() -> None:
    program = (
        "import sys, aktmpl; aktmpl.compile_text('Hello $in.name').render({'in': {'name': 'x'}});"
        "print([m for m in ('hashlib', 'zoneinfo', 'decimal', 'phonenumbers', 'babel',"
        " 'aktmpl.functions.text', 'aktmpl.functions.date') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "extra", "expression"),
    [
        ("phonenumbers", "phone", "e164('+79001234567')"),
        ("babel", "i18n", "plural(2, {other: 'x'}, 'pl')"),
        ("babel", "i18n", "format_date('2024-05-01', '%B', locale='fr')"),
    ],
)
def test_a_library_that_is_absent_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, expression: str
) -> None:
    plurals._rule.cache_clear()
    strftime._locale.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(aktmpl.EvaluationError) as caught:
        aktmpl.Environment().compile_text(f"${{{expression}}}").render({})
    assert caught.value.code == "E411"
    assert caught.value.hint == f"pip install 'akrun[{extra}]'"
    assert aktmpl.compile_text("${plural(2, {other: 'x'}, 'ru')}").render({}) == "x"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_built_in_plural_rules_are_those_of_cldr(language: str) -> None:
    rule = Locale(language).plural_form
    for number in [*range(-30, 1_030), 10**6, 10**6 + 1, 0.5, 1.5, 21.1, 1e30]:
        exact = int(number) if number == int(number) else number
        assert plurals.category(number, language) == rule(exact)


def test_plural_of_other_languages_and_of_missing_forms() -> None:
    forms = {"one": "1", "few": "f", "many": "m", "other": "o"}
    assert [call("plural", n, forms, "pl") for n in (1, 3, 5, 1.5)] == ["1", "f", "m", "o"]
    assert call("plural", 3, {"one": "1", "many": "m"}, "ru-RU") == "m"
    assert call("plural", 1.0, forms) == "1"
    assert code_of("plural", 1, forms, "xx-nonsense") == "E410"
    assert code_of("plural", "many", forms) == "E410"


def test_names_of_months_and_days_in_a_language() -> None:
    assert call("format_date", "2024-05-01", "%A, %-d %B", locale="ru") == "среда, 1 мая"
    assert call("format_date", "2024-05-01", "%a %b", locale="de") == "Mi. Mai"
    assert call("format_date", "2024-05-01T15:00", "%I %p", locale="en-GB") == "03 PM"
    assert code_of("format_date", "2024-05-01", "%B", locale="xx") == "E410"


def test_format_date_writes_every_code_as_strftime_does() -> None:
    moment = datetime(2024, 2, 9, 0, 5, 7, 89, tzinfo=UTC)
    for code in "YymdHIMSfjuVGpBbAaz":
        assert call("format_date", moment.isoformat(), f"%{code}") == moment.strftime(f"%{code}")
    assert call("format_date", moment.isoformat(), "%F %T %R %D") == moment.strftime(
        "%Y-%m-%d %H:%M:%S %H:%M %m/%d/%y"
    )
    assert call("format_date", moment.isoformat(), "%-d.%-m. %-H:%-M %% %s") == "9.2. 0:5 % 1707437107"
    assert call("format_date", "2024-02-09T12:00:00-03:30", "%z %:z") == "-0330 -03:30"
    for format_ in ("%", "%-", "%:Y", "%-B", "%E", "%\n"):
        assert code_of("format_date", "2024-02-09", format_) == "E410"


def test_parse_date_reads_what_it_is_told_to() -> None:
    assert call("parse_date", "5/6/24 7:08", "%d/%m/%y %H:%M") == "2024-06-05T07:08:00Z"
    assert call("parse_date", "70", "%y") == "1970-01-01T00:00:00Z"
    assert call("parse_date", "12 AM", "%I %p") == "1970-01-01T00:00:00Z"
    assert call("parse_date", "1714564800", "%s") == "2024-05-01T12:00:00Z"
    assert call("parse_date", "100%  Wed 1 May 2024", "100%% %a %d %b %Y") == "2024-05-01T00:00:00Z"
    assert call("parse_date", "2024-05-01T12:00:00Z", zone="Europe/Moscow") == "2024-05-01T12:00:00Z"
    assert call("parse_date", "2024-05-01", zone="Europe/Moscow") == "2024-05-01T00:00:00+03:00"
    for text, format_ in (
        ("31.02.2024", "%d.%m.%Y"), ("13 PM", "%I %p"), ("x", "%Y"), ("1 Foo", "%d %b"), ("0001", "%Y%z"),
        ("0001-01-01 +05:00", "%Y-%m-%d %z"), ("1", "%Q"), ("1 1", "%d %d"), ("1", "%"),
    ):  # fmt: skip
        assert code_of("parse_date", text, format_) == "E410"


def test_dates_at_the_ends_of_the_calendar() -> None:
    assert code_of("parse_date", "0001-01-01T00:00:00+05:00") == "E410"
    assert code_of("to_timezone", "9999-12-31T23:00:00Z", "Asia/Tokyo") == "E410"
    assert code_of("add_time", "9999-12-31", 1, "days") == "E410"
    assert code_of("add_time", "0001-01-01", -1, "months") == "E410"
    assert code_of("parse_date", 1e300) == "E410"
    assert call("add_time", "2024-12-31", 2, "months") == "2025-02-28T00:00:00Z"
    assert call("add_time", "2024-02-29", -1, "years") == "2023-02-28T00:00:00Z"


@pytest.mark.parametrize(
    "zone", ["", "Europe", "../etc/passwd", "/etc/localtime", "Mars", "+99:00", "x\0y", "a" * 5_000]
)
def test_what_is_no_zone_is_refused(zone: str) -> None:
    assert code_of("to_timezone", "2024-05-01", zone) == "E410"


def test_hashes_are_those_of_the_standard_library() -> None:
    for name in ("md5", "sha1", "sha256", "sha512"):
        assert (
            call(name, "при") == call(name, "при".encode()) == hashlib.new(name, "при".encode()).hexdigest()
        )
    assert call("hmac", "a", "k", encoding="bytes").hex() == call("hmac", b"a", b"k")


def test_half_a_surrogate_pair_is_no_text() -> None:
    for name in ("sha256", "base64", "url_encode", "crc32", "parse_json"):
        assert code_of(name, "\ud800") == "E406"
    assert code_of("extract", "\ud800", "a") == "E406"
    assert code_of("json", "\ud800") == "E407"


def test_json_keeps_integers_of_any_size() -> None:
    assert call("parse_json", "123456789012345678901234567890") == 123456789012345678901234567890
    assert call("parse_json", "[1e5, 1.0, 18446744073709551616]") == [1e5, 1.0, 2**64]
    for text in (
        "NaN",
        "[Infinity]",
        "12345678901234567890 NaN",
        "[NaN, 12345678901234567890]",
        "",
        "[1,]",
        b"\xff",
    ):
        assert code_of("parse_json", text) == "E410"


def test_bytes_that_are_no_text() -> None:
    assert code_of("parse_base64", "/w==") == "E410"
    assert call("parse_base64", "/w==", result="bytes") == b"\xff"
    assert code_of("url_decode", "%ff") == "E410"
    assert code_of("parse_base64", "abcde") == "E410"


def test_elements_are_found_by_paths() -> None:
    items = [{"a": {"b": [1, 2]}, "odd key": 3}]
    assert call("map", items, "a.b.%-1") == [2]
    assert call("map", items, "odd key") == [3]
    assert call("map", items, "a.%0", None) == [None]
    assert code_of("map", items, "a.b.%2") == "E301"
    assert code_of("map", items, "a", 1, 2) == "E410"
    assert call("map", [5], "a", "none") == ["none"]
    assert call("count", items, "a.b", [1, 2]) == 1


def test_what_has_no_order_is_refused() -> None:
    unordered: list[list[Any]] = [[1, "a"], [True, 1], [[1]], [{}]]
    for items in unordered:
        assert code_of("sort_by", items) == "E410"
        assert code_of("min", items) == "E410"
    assert call("sort_by", [True, False, None]) == [False, True, None]
    assert call("sort_by", [{"n": 1}, {}, {"n": None}, {"n": 0}], "n") == [
        {"n": 0},
        {"n": 1},
        {},
        {"n": None},
    ]


def test_numbers_that_are_none() -> None:
    for text in ("", "1,5", "0x10", "1_000", "nan", "inf", "٣", "--1"):
        assert code_of("int", text) == "E410"
    assert call("int", " 12 ") == 12
    assert code_of("float", "1e999") == "E409"
    assert code_of("float", 10**400) == "E409"
    assert code_of("sum", [1, "2"]) == "E410"
    assert code_of("sum", [True]) == "E410"
    assert call("format_number", -0.001, 2) == "0.00"
    assert call("format_number", 1e21, 1) == "1,000,000,000,000,000,000,000.0"
    assert call("format_number", 1.5e-7) == "0.00000015"


def test_phone_numbers() -> None:
    assert call("e164", "(212) 555-0123", "us") == "+12125550123"
    assert code_of("e164", "+1 212", None) == "E410"
    assert code_of("e164", "5550123", "Russia") == "E410"
    with pytest.raises(Fault) as caught:
        call("e164", "900 1234567")
    assert caught.value.hint == "give the region: `e164('RU')`"


def test_arguments_that_make_no_sense_are_refused() -> None:
    for name, *arguments in (
        ("split", "a", ""), ("split", "a", ",", 0), ("replace", "a", "", "b"), ("replace", "a", "b", "c", -1),
        ("extract", "a", "a", 1), ("extract", "a", "a", "x"), ("mask", "a", -1), ("mask", "a", 1, 1, ""),
        ("flatten", [], -1), ("flatten", [], 65), ("random", 1), ("random", 2, 1), ("xml_escape", "\x00"),
        ("format_number", 1, -1), ("truncate", "abc", 0), ("repeat", "a", -1),
    ):  # fmt: skip
        assert code_of(str(name), *arguments) == "E410"
    assert code_of("json", 1, indent=9) == "E410"
