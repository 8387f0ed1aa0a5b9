"""The colours of the page can be told apart, on light screens and on dark ones."""

import re

import pytest

from akrun.trace_page.style import STYLE

READABLE = 4.5
"""The least contrast of text by WCAG 2, level AA."""

PAIRS = [
    *((ink, "page") for ink in ("ink", "soft", "good", "bad", "open", "link")),
    *((ink, "page") for ink in ("key", "text", "number", "word")),
    *((ink, "panel") for ink in ("ink", "soft", "good", "bad", "link")),
    *((ink, f"{ink}-fill") for ink in ("good", "bad", "open")),
    ("ink", "bad-fill"),
    ("page", "soft"),
]  # fmt: skip


def colours(scheme: str) -> dict[str, str]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)", 1)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark))
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(scheme: str, ink: str, ground: str) -> None:
    found = colours(scheme)
    lights = sorted((luminance(found[ink]), luminance(found[ground])))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= READABLE


def test_the_schemes_differ() -> None:
    light, dark = colours("light"), colours("dark")
    assert light.keys() == dark.keys()
    assert light["page"] != dark["page"]
