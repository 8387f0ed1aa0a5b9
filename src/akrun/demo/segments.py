"""How many SMS segments a text takes.

3GPP TS 23.038: a text that fits the GSM 7-bit alphabet has 160 septets in one segment, or 153 in each of
several; any other text is sent as UCS-2 with 70 or 67 UTF-16 code units.
"""

from math import ceil

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")  # each sent as an escape and a second septet


def count_segments(text: str) -> int:
    """Return the number of segments `text` is sent in; an empty text takes none."""
    if all(char in GSM_BASIC or char in GSM_EXTENSION for char in text):
        units = len(text) + sum(char in GSM_EXTENSION for char in text)
        return _segments(units, single=160, joined=153)
    return _segments(len(text.encode("utf-16-be")) // 2, single=70, joined=67)


def _segments(units: int, single: int, joined: int) -> int:
    if units <= single:
        return int(units > 0)
    return ceil(units / joined)
