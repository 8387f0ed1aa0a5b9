"""How many SMS a text takes: 3GPP TS 23.038 (alphabets) and TS 23.040 (concatenation)."""

from collections.abc import Iterable
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Characters of the extension table: an escape and a second septet."""

_SEPTETS: Final = dict.fromkeys(_BASIC, 1) | dict.fromkeys(_EXTENSION, 2)

GSM_SINGLE, GSM_PART = 160, 153
"""Septets of a lone SMS, and of one part beside its header of six bytes."""
UCS2_SINGLE, UCS2_PART = 70, 67
"""The same for UCS-2, in units of two bytes."""


def septets(text: str) -> list[int] | None:
    """The septets that each character takes, or None when GSM 7-bit lacks one of them."""
    sizes = [_SEPTETS.get(each, 0) for each in text]
    return None if 0 in sizes else sizes


def segments(text: str) -> int:
    """The number of SMS; 0 for an empty text."""
    sizes = septets(text)
    if sizes is not None:
        return _parts(sizes, GSM_SINGLE, GSM_PART)
    return _parts((2 if each > "\uffff" else 1 for each in text), UCS2_SINGLE, UCS2_PART)


def _parts(sizes: Iterable[int], single: int, part: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= single:
        return 1 if sizes else 0
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:  # a character of two units is not split
            parts, used = parts + 1, 0
        used += size
    return parts
