"""Plural categories of numbers by the rules of CLDR.

The rules of English and Russian are built in; those of other languages are Babel's.
Source: Unicode CLDR, Language Plural Rules (cardinal).
"""

from functools import lru_cache
from typing import Any

from aktmpl.functions.function import ArgumentFault, described
from aktmpl.functions.optional import library


def category(number: float, locale: str) -> str:
    """The category of a number as its text form writes it: zero, one, two, few, many or other."""
    whole = int(number) if number == int(number) else None
    language = locale.replace("-", "_").partition("_")[0].lower()
    if language == "en":
        return "one" if whole in (1, -1) else "other"
    if language == "ru":
        return "other" if whole is None else _russian(abs(whole))
    chosen: str = _rule(locale)(number if whole is None else whole)
    return chosen


def _russian(number: int) -> str:
    ones, tens = number % 10, number % 100
    if ones == 1 and tens != 11:
        return "one"
    return "few" if 2 <= ones <= 4 and not 12 <= tens <= 14 else "many"


@lru_cache(maxsize=64)
def _rule(locale: str) -> Any:
    babel = library("babel", "i18n", "plural")
    try:
        return babel.Locale.parse(locale.replace("-", "_")).plural_form
    except (ValueError, TypeError, babel.UnknownLocaleError):
        raise ArgumentFault("locale", f"is no known language: {described(locale)}") from None
