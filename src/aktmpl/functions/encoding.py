"""Functions that write data into another notation and read it back."""

import re
from typing import Any, Literal

from aktmpl import values
from aktmpl.errors import Fault, shown
from aktmpl.functions.derive import family
from aktmpl.functions.function import ArgumentFault, Context, Example, too_long
from aktmpl.functions.octets import base64_text, octets
from aktmpl.json_form import to_json

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_XML = _HTML | str.maketrans({"'": "&apos;"})
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEYOND_64_BITS = re.compile(r"\d{19}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_WHITE = re.compile(r"\s+")
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


encoding_function = family("encoding")


@encoding_function(
    Example("json({a: [1, 'é']})", '{"a":[1,"é"]}'),
    Example("'say \\\"hi\\\"' | json", '"say \\"hi\\""'),
    Example("json({a: 1}, indent=2)", '{\n  "a": 1\n}'),
)
def json(value: Any, *, indent: int | None = None, context: Context) -> str:
    """The value as JSON text: compact, or with each level indented by so many spaces."""
    compact = to_json(value, context.limits).decode("utf-8")
    if indent is None:
        return compact
    if not 0 <= indent <= 8:
        raise ArgumentFault("indent", f"is from 0 to 8, not {shown(indent)}")
    lines = compact.count(",") + 2 * (compact.count("[") + compact.count("{"))
    if len(compact) + lines > context.limits.string:
        raise too_long(context.limits)
    import json as library  # noqa: PLC0415 - few templates ask for indented JSON

    return library.dumps(value, ensure_ascii=False, indent=indent)


@encoding_function(
    Example("parse_json('{\\\"a\\\": [1, 2.5]}').a", [1, 2.5]),
    Example("'null' | parse_json | type_of", "null"),
    Example("parse_json('{broken')", error="E410"),
)
def parse_json(text: str | bytes, *, context: Context) -> Any:
    """The value that a JSON text (RFC 8259) describes."""
    encoded = octets(text)
    try:
        value = _parsed(encoded.decode("utf-8"))
    except UnicodeDecodeError:
        raise ArgumentFault("text", "is not UTF-8") from None
    except RecursionError:
        raise Fault("E502", f"a value nested more than {context.limits.depth} deep") from None
    except ValueError as error:
        if "depth limit" in str(error):
            raise Fault("E502", f"a value nested more than {context.limits.depth} deep") from None
        if "digits" in str(error):
            raise Fault("E505", f"an integer of more than {context.limits.digits:,} digits") from None
        place = getattr(error, "pos", None)
        where = "" if place is None else f" (at character {place})"
        raise ArgumentFault("text", f"is not JSON{where}") from None
    values.check_depth(value, context.limits.depth)
    return value


def _parsed(text: str) -> Any:
    """JSON read by the fast parser, or by the one that keeps integers beyond 64 bits."""
    if not _BEYOND_64_BITS.search(text):
        import orjson  # noqa: PLC0415 - beside the other parser

        return orjson.loads(text)
    import json as library  # noqa: PLC0415 - few texts need it

    return library.loads(text, parse_constant=_no_constant)


def _no_constant(_name: str) -> Any:
    raise ValueError


@encoding_function(Example("'привет' | base64", "0L/RgNC40LLQtdGC"), Example("base64('a')", "YQ=="))
def base64(data: str | bytes) -> str:
    """Text (in UTF-8) or bytes in base64 (RFC 4648)."""
    return base64_text(octets(data))


@encoding_function(
    Example("'0L/RgNC40LLQtdGC' | parse_base64", "привет"),
    Example("parse_base64('YQ')", "a"),
    Example("parse_base64('/w==', result='bytes') | hex", "ff"),
    Example("parse_base64('*')", error="E410"),
)
def parse_base64(text: str, result: Literal["string", "bytes"] = "string") -> str | bytes:
    """What base64 or base64url stands for; padding and white space may be there or not."""
    import binascii  # noqa: PLC0415 - few templates need it

    plain = _WHITE.sub("", text).rstrip("=").translate(str.maketrans("-_", "+/"))
    if _NOT_BASE64.search(plain):
        raise ArgumentFault("text", "is not base64")
    try:
        data = binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        raise ArgumentFault("text", "is not base64: its length is wrong") from None
    if result == "bytes":
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        hint = "for bytes write `parse_base64(…, result='bytes')`"
        raise ArgumentFault("text", "stands for bytes that are no text in UTF-8", hint) from None


@encoding_function(Example("base64url('>>>?')", "Pj4-Pw"), Example("'a' | base64url(padding=true)", "YQ=="))
def base64url(data: str | bytes, *, padding: bool = False) -> str:
    """Text (in UTF-8) or bytes in the base64 of addresses: `-` and `_`, without padding."""
    text = base64_text(octets(data)).translate(str.maketrans("+/", "-_"))
    return text if padding else text.rstrip("=")


@encoding_function(Example("'AZ' | hex", "415a"), Example("hex('я')", "d18f"))
def hex_(data: str | bytes) -> str:
    """Text (in UTF-8) or bytes, two hexadecimal digits for each byte."""
    return octets(data).hex()


@encoding_function(
    Example("'a b&c/д' | url_encode", "a%20b%26c%2F%D0%B4"),
    Example("url_encode('a/b c', keep='/')", "a/b%20c"),
)
def url_encode(text: str | bytes, keep: str = "") -> str:
    """The text for a part of an address (RFC 3986): all but letters, digits, `-._~` and `keep` escaped."""
    from urllib.parse import quote  # noqa: PLC0415 - few templates need it

    return quote(octets(text), safe=keep)


@encoding_function(
    Example("'a%20b%26' | url_decode", "a b&"),
    Example("url_decode('a+b', plus=true)", "a b"),
    Example("url_decode('100%')", error="E410"),
)
def url_decode(text: str, *, plus: bool = False) -> str:
    """The text with its percent escapes resolved; with `plus`, as forms are sent, `+` is a space."""
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - few templates need it

    if _PERCENT.search(text):
        raise ArgumentFault("text", "has a `%` without two hexadecimal digits after it")
    try:
        return unquote_to_bytes(octets(text.replace("+", " ") if plus else text)).decode("utf-8")
    except UnicodeDecodeError:
        raise ArgumentFault("text", "stands for bytes that are no text in UTF-8") from None


@encoding_function(
    Example("'<b> & \\\"x\\\"' | html_escape", "&lt;b&gt; &amp; &quot;x&quot;"),
    Example("html_escape('it\\'s')", "it&#39;s"),
)
def html_escape(text: str) -> str:
    """The text safe inside HTML, in elements and in quoted attributes."""
    return text.translate(_HTML)


@encoding_function(
    Example("'a < b' | xml_escape", "a &lt; b"),
    Example("xml_escape('it\\'s')", "it&apos;s"),
    Example("xml_escape('\\u0000')", error="E410"),
)
def xml_escape(text: str) -> str:
    """The text safe inside XML; a character that XML 1.0 cannot hold is refused."""
    found = _NOT_XML.search(text)
    if found:
        raise ArgumentFault("text", f"has U+{ord(found[0]):04X}, which XML cannot hold")
    return text.translate(_XML)
