"""Files of cases, one a line: `text ⇒ what is expected`; raw bytes of a text stand in hexadecimal in « »."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent


def cases(name: str) -> list[tuple[str, str]]:
    """The texts of a file, as they are written, and what is expected of each; other lines are for people."""
    lines = (FOLDER / name).read_text(encoding="utf-8").split("\n")
    return [(text, expected) for text, arrow, expected in (line.partition(" ⇒ ") for line in lines) if arrow]


def bytes_of(text: str) -> bytes:
    parts = re.split("«([0-9a-f ]+)»", text)
    return b"".join(bytes.fromhex(part) if odd % 2 else part.encode() for odd, part in enumerate(parts))
