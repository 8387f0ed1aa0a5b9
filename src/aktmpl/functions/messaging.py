"""Functions for messages to people: phone numbers, SMS, plurals, masks."""

from typing import Any

from aktmpl import values
from aktmpl.errors import shown
from aktmpl.functions.derive import family
from aktmpl.functions.function import ArgumentFault, Example, described
from aktmpl.functions.gsm import segments, septets
from aktmpl.functions.optional import library

messaging_function = family("messaging")


@messaging_function(Example("'+7 (900) 123-45-67' | digits", "79001234567"), Example("digits('none')", ""))
def digits(text: str) -> str:
    """The decimal digits of the text, those of any script as 0 to 9."""
    return "".join(str(int(each)) for each in text if each.isdecimal())


@messaging_function(
    Example("'8 (900) 123-45-67' | e164('RU')", "+79001234567"),
    Example("e164('+44 20 7946 0958')", "+442079460958"),
    Example("e164('12', 'RU')", error="E410"),
    Example("e164('8 900 123-45-67')", error="E410"),
)
def e164(text: str, region: str | None = None) -> str:
    """The phone number in international form (E.164), such as `+79001234567`.

    A number that does not begin with `+` is read as one dialled in the region, a country code of two
    letters. The number's length is checked against the country's plan, not whether it is in use.
    Needs `pip install 'akrun[phone]'`.
    """
    phonenumbers = library("phonenumbers", "phone", "e164")
    if region is not None and region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ArgumentFault("region", f"is a country code of two letters, not {described(region)}")
    try:
        number = phonenumbers.parse(text, region and region.upper())
    except phonenumbers.NumberParseException as error:
        hint = None if region or text.lstrip().startswith("+") else "give the region: `e164('RU')`"
        raise ArgumentFault("text", f"is no phone number: {described(text)}", hint) from error
    if not phonenumbers.is_possible_number(number):
        raise ArgumentFault("text", f"is no possible phone number: {described(text)}")
    formatted: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return formatted


@messaging_function(
    Example("sms_segments('Hello')", 1),
    Example("'Привет' | repeat(12) | sms_segments", 2),
    Example("sms_segments('')", 0),
)
def sms_segments(text: str) -> int:
    """How many SMS the text takes (3GPP TS 23.038 and 23.040).

    In the GSM 7-bit alphabet, 160 units in one SMS and 153 in each part of several; a character of the
    extension table takes two units. Any other text is in UCS-2, 70 and 67 units; a character beyond the
    basic plane takes two. No character is split between parts.
    """
    return segments(text)


@messaging_function(
    Example("sms_encoding('Hello {name}')", "GSM-7"), Example("'Привет' | sms_encoding", "UCS-2")
)
def sms_encoding(text: str) -> str:
    """The alphabet an SMS of the text needs: GSM-7 or UCS-2."""
    return "UCS-2" if septets(text) is None else "GSM-7"


@messaging_function(
    Example("plural(1, {one: 'message', other: 'messages'})", "message"),
    Example("plural(22, {one: 'письмо', few: 'письма', many: 'писем'}, 'ru')", "письма"),
    Example("plural('5', {one: 'item', other: 'items'})", "items"),
    Example("plural(5, {one: 'item'})", error="E410"),
)
def plural(number: float | str, forms: dict[str, Any], locale: str = "en") -> Any:
    """The form of the object that the number needs in the language, by the plural rules of CLDR.

    The forms' names are CLDR's: zero, one, two, few, many, other. When the one needed is not there,
    `other` is taken, then `many`. English and Russian are built in; other languages need
    `pip install 'akrun[i18n]'`.
    """
    from aktmpl.functions.plurals import category  # noqa: PLC0415 - few templates need it

    if isinstance(number, str):
        parsed = values.number_of(number)
        if parsed is None:
            raise ArgumentFault("number", f"is no number: {described(number)}")
        number = parsed
    needed = category(number, locale)
    for name in (needed, "other", "many"):
        if name in forms:
            return forms[name]
    raise ArgumentFault("forms", f"lacks the form `{needed}` and has no `other`")


@messaging_function(
    Example("'4111111111111111' | mask", "************1111"),
    Example("mask('+79001234567', 2, first=2)", "+7********67"),
    Example("mask('abc', 4)", "***"),
)
def mask(text: str, last: int = 4, first: int = 0, fill: str = "*") -> str:
    """The text with all but its `first` and `last` characters hidden; all of it, if it has no more."""
    for name, size in (("last", last), ("first", first)):
        if size < 0:
            raise ArgumentFault(name, f"is not negative, but it is {shown(size)}")
    if len(fill) != 1:
        raise ArgumentFault("fill", f"is one character, not {described(fill)}")
    hidden = len(text) - last - first
    if hidden <= 0:
        return fill * len(text)
    return text[:first] + fill * hidden + text[len(text) - last :]
