import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

import aktmpl
from aktmpl.errors import Fault
from aktmpl.functions import REQUIRED, Context, Example, Function, ValueType, builtin, function


@function(category="shop", since="2.0", examples=[Example("price(5) ", "5.00 EUR")])
def price(
    amount: float, currency: Literal["EUR", "USD"] = "EUR", *parts: str | None, plain: bool = False
) -> str:
    """The price as text.

    With a currency.
    """
    return " ".join([f"{amount:.2f}", *([] if plain else [currency]), *map(str, parts)])


def rendered(text: str, scope: dict[str, Any] | None = None, **options: Any) -> Any:
    return aktmpl.Environment(("in",), **options).compile_text(text).render(scope or {})


def test_the_spec_comes_from_the_signature_and_the_docstring() -> None:
    assert (price.name, price.category, price.since, price.pure) == ("price", "shop", "2.0", True)
    assert (price.doc, price.details) == ("The price as text.", "With a currency.")
    amount, currency, parts, plain = price.parameters
    assert (amount.name, str(amount.type), amount.default) == ("amount", "number", REQUIRED)
    assert (currency.type.choices, currency.default, currency.required) == (("EUR", "USD"), "EUR", False)
    assert (parts.variadic, str(parts.type)) == (True, "string | null")
    assert (plain.named_only, plain.default) == (True, False)
    assert price.result == ValueType(("string",))
    assert price.signature == (
        "price(amount: number, currency: 'EUR' | 'USD' = 'EUR', *parts: string | null, plain: bool = false)"
        " -> string"
    )


def test_a_function_can_be_called_from_python() -> None:
    assert price(5) == "5.00 EUR"
    assert price(5, "USD", "net", None, plain=True) == "5.00 net None"
    with pytest.raises(Fault, match="`price`: `amount` is number, not the string '5'"):
        price("5")


def test_a_host_function_is_called_by_templates() -> None:
    assert (
        rendered("${price(5)} ${in.n | price('USD', plain=true)}", {"in": {"n": 7}}, functions=[price])
        == "5.00 EUR 7.00"
    )


def test_a_plain_function_is_impure_and_may_replace_one_of_the_language() -> None:
    def upper(text: str) -> str:
        return f"<{text}>"

    environment = aktmpl.Environment(functions=[upper])
    assert environment.functions["upper"].pure is False
    assert environment.compile_text("${'a' | upper}").render({}) == "<a>"
    assert aktmpl.compile_text("${'a' | upper}").render({}) == "A"


def test_annotations_may_be_text() -> None:
    def shout(text: "str", times: "int | None" = None) -> "str":
        return text + "!" * (times or 1)

    assert Function.of(shout).signature == "shout(text: string, times: int | null = null) -> string"


def raising(error: BaseException) -> Callable[[], Any]:
    def broken() -> Any:
        raise error

    return broken


@pytest.mark.parametrize(
    "error", [KeyError("k"), IndexError("i"), TypeError("t"), ValueError("v"), RecursionError("r")]
)
def test_an_exception_of_a_host_function_is_a_located_error_that_names_it(error: Exception) -> None:
    environment = aktmpl.Environment(("in",), functions=[raising(error)])
    with pytest.raises(aktmpl.EvaluationError) as caught:
        environment.compile_text("Hello ${broken() ?? 'x'}").render({})
    assert caught.value.code == "E410"
    assert caught.value.message == f"`broken` failed: {type(error).__name__}: {error}"
    assert caught.value.__cause__ is error
    assert "Hello ${broken() ?? 'x'}" in caught.value.frame()
    assert (caught.value.span.start, caught.value.span.end) == (8, 16)


def test_the_message_of_an_exception_is_cut() -> None:
    with pytest.raises(aktmpl.EvaluationError) as caught:
        rendered("${broken()}", functions=[raising(ValueError("x" * 500))])
    assert len(caught.value.message) < 110


def test_what_is_no_exception_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        rendered("${broken()}", functions=[raising(KeyboardInterrupt())])


def test_a_fault_of_a_host_function_keeps_its_code_and_hint() -> None:
    with pytest.raises(aktmpl.MissingError) as caught:
        rendered("${broken()}", functions=[raising(Fault("E301", "no such customer", "register first"))])
    assert (caught.value.message, caught.value.hint) == ("no such customer", "register first")
    missing = raising(Fault("E301", "no such customer"))
    assert rendered("${broken() ?? 'nobody'}", functions=[missing]) == "nobody"


@pytest.mark.parametrize("value", [object(), (1, 2), {1}, 1j, range(3)])
def test_what_is_no_value_is_refused_as_a_result(value: object) -> None:
    def odd() -> Any:
        return value

    with pytest.raises(aktmpl.EvaluationError, match="which is no value of templates"):
        rendered("$#{odd()}", functions=[odd])


def test_results_have_limits() -> None:
    def long() -> Any:
        return "x" * 11

    def huge() -> Any:
        return 10**300

    def infinite() -> Any:
        return 1e308 * 10

    limits = aktmpl.Limits(string=10, digits=200)
    for source, code in (("${long()}", "E506"), ("${huge()}", "E505"), ("${infinite()}", "E409")):
        with pytest.raises(aktmpl.TemplateError) as caught:
            rendered(source, functions=[long, huge, infinite], limits=limits)
        assert caught.value.code == code


def test_a_function_can_ask_for_the_context() -> None:
    @function(category="host", since="1")
    def longest(*, context: Context) -> int:
        """How long a string may be."""
        return context.limits.string

    assert longest.signature == "longest() -> int"
    assert rendered("$#{longest()}", functions=[longest], limits=aktmpl.Limits(string=7)) == 7


def test_clock_and_entropy_are_the_hosts() -> None:
    options: dict[str, Any] = {
        "clock": lambda: datetime(2024, 5, 1, 12, tzinfo=UTC),
        "entropy": lambda size: bytes(range(size)),
    }
    assert rendered("${now('Europe/Moscow')}", **options) == "2024-05-01T15:00:00+03:00"
    assert rendered("${uuid()}", **options) == "00010203-0405-4607-8809-0a0b0c0d0e0f"
    assert rendered("$#{random(1, 6)}", **options) == rendered("$#{random(1, 6)}", **options)


def coroutine() -> Callable[..., Any]:
    async def fetch(url: str) -> str:
        await asyncio.sleep(0)
        return url

    return fetch


def odd_type() -> Callable[..., Any]:
    def odd(when: complex) -> str:
        return str(when)

    return odd


def keywords() -> Callable[..., Any]:
    def anything(**options: Any) -> str:
        return str(options)

    return anything


def wrong_default() -> Callable[..., Any]:
    def odd(count: int = "1") -> int:  # type: ignore[assignment]
        return count

    return odd


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (coroutine, "coroutine"),
        (odd_type, "parameter `when`"),
        (keywords, "\\*\\*options"),
        (wrong_default, "default of `count`"),
        (lambda: lambda: None, "no name"),
    ],
)
def test_a_signature_that_templates_cannot_use_is_refused(
    make: Callable[[], Callable[..., Any]], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        aktmpl.Environment(functions=[make()])


def test_the_forms_of_the_default_operator_cannot_be_replaced() -> None:
    def default(value: Any, fallback: Any) -> Any:
        return value or fallback

    with pytest.raises(ValueError, match=r"form of `\?\?`"):
        aktmpl.Environment(functions=[default])


def test_a_pure_environment_has_no_impure_function() -> None:
    environment = aktmpl.Environment(pure=True)
    assert set(builtin()) - set(environment.functions) == {"now", "uuid", "random"}
    with pytest.raises(aktmpl.CheckFault) as caught:
        environment.compile_text("${uuid()}")
    assert caught.value.code == "E205"
    assert caught.value.hint == "it is impure, and this environment has pure functions only"
    with pytest.raises(ValueError, match="`broken` is impure"):
        aktmpl.Environment(pure=True, functions=[raising(ValueError())])


def test_names_with_an_underscore_at_the_end_lose_it() -> None:
    def map_(items: list[Any]) -> list[Any]:
        return items

    assert Function.of(map_).name == "map"
