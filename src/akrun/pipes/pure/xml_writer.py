"""Values to XML by xmltodict's mapping, refusing what would not be well-formed."""

import re
from typing import Any

import xmltodict

from akrun.errors import PipeFailure
from akrun.pipes.convert import data_failure, text_of
from akrun.pipes.pure.parsers import MAX_DEPTH

# XML 1.0 (fifth edition) §2.2 and §2.3; the colon is left in for namespace prefixes.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_START = (
    ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(f"[{_START}][{_START}.0-9\u00b7\u0300-\u036f\u203f-\u2040-]*")


def to_xml(value: Any, *, root: str | None = None, declaration: bool = True) -> bytes:
    """The document of a value, in UTF-8.

    Args:
        value: with `root`, the content of the root element; without, an object of exactly one key.
        root: the name of the root element.
        declaration: whether the XML declaration comes first.

    Raises:
        PipeFailure: (kind `data`, code `xml`) there is not exactly one root, a name is no XML name, a text
            holds a character that XML cannot, or a list stands directly in a list; (code `too_deep`) the
            elements nest deeper than `unpack` reads.
    """
    document = value if root is None else {root: value}
    if not isinstance(document, dict) or len(document) != 1:
        raise _failure("an XML document has one root element: give `root`, or an object with one key")
    name, content = next(iter(document.items()))
    if isinstance(content, list):
        raise _failure(f"the root element {name!r} cannot be repeated")
    if name.startswith(("@", "#")):
        raise _failure(f"{name!r} is no root element")
    tree = {_name(name): _element(content, name, 1)}
    text: str = xmltodict.unparse(tree, full_document=declaration)
    # A reader turns a bare carriage return into a line feed (XML 1.0 §2.11). Those of attributes are escaped
    # already, and names have none, so that all of these are in the text of elements.
    return text.replace("\r", "&#13;").encode()


def _element(value: Any, name: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise data_failure("too_deep", f"XML: nested more than {MAX_DEPTH} deep")
    if value is None:
        return None
    if isinstance(value, dict):
        return {_key(key): _content(key, each, depth) for key, each in value.items()}
    if isinstance(value, list):
        raise _failure(f"a list directly in the list {name!r} has no XML form")
    return _text(value, name)


def _content(key: str, value: Any, depth: int) -> Any:
    if key.startswith("@") or key == "#text":
        return "" if value is None else _text(value, key)
    if isinstance(value, list):
        return [_element(item, key, depth + 1) for item in value]
    return _element(value, key, depth + 1)


def _key(key: str) -> str:
    if key == "#text":
        return key
    if key.startswith("@"):
        return "@" + _name(key[1:])
    return _name(key)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise _failure(f"{name[:80]!r} is no XML name")
    return name


def _text(value: Any, name: str) -> str:
    if isinstance(value, dict | list):
        raise _failure(f"{name[:80]!r} needs a text")
    text = text_of(value, name)
    illegal = _ILLEGAL.search(text)
    if illegal:
        raise _failure(f"the text of {name[:80]!r} holds U+{ord(illegal[0]):04X}, which XML cannot")
    return text


def _failure(message: str) -> PipeFailure:
    return data_failure("xml", message)
