"""The links of Markdown files, and the anchors that they may lead to."""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.docs.blocks import without_code

ROOT: Final = Path(__file__).parents[2]
_INLINE: Final = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
_DEFINED: Final = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)", re.MULTILINE)
_PLAIN: Final = re.compile(r"<((?:https?|mailto):[^>\s]+)>")
_HTML: Final = re.compile(r"<\w[^>]*\s(?:href|src)=[\"']([^\"']+)[\"']")
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_OWN_ANCHOR: Final = re.compile(r"<\w+[^>]*\s(?:id|name)=[\"']([^\"']+)[\"']")

FILES: Final = tuple(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "editors/*/*.md", "src/**/*.md")
    for path in sorted(ROOT.glob(pattern))
)
"""All Markdown files that people read."""


class Link(NamedTuple):
    """A link and its line, from 1."""

    target: str
    line: int

    @property
    def is_external(self) -> bool:
        """Whether it leads out of the tree."""
        return re.match(r"[a-z][a-z+.-]*:|//", self.target, re.IGNORECASE) is not None


def links(path: Path) -> list[Link]:
    """The links of a file, in their order."""
    prose = without_code(path.read_text(encoding="utf-8"))
    found = [match for pattern in (_INLINE, _DEFINED, _PLAIN, _HTML) for match in pattern.finditer(prose)]
    return [
        Link(match[1], prose.count("\n", 0, match.start()) + 1)
        for match in sorted(found, key=lambda match: match.start())
    ]


@cache
def anchors(path: Path) -> frozenset[str]:
    """What a link into the file may have behind its `#`, as code hosts make it of headings."""
    text = path.read_text(encoding="utf-8")
    found: set[str] = set(_OWN_ANCHOR.findall(text))
    for heading in _HEADING.findall(_without_blocks(text)):
        slug = _slug(heading)
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return frozenset(found)


def fault(link: Link, path: Path) -> str | None:
    """What is wrong with a link of a file; None if nothing is."""
    if link.is_external:
        return None if _is_sound(link.target) else f"line {link.line}: {link.target} is no address of a page"
    target, _, anchor = link.target.partition("#")
    file = (path.parent / target).resolve() if target else path
    if not file.is_relative_to(ROOT) or not file.exists():
        return f"line {link.line}: {link.target} leads to no file"
    if not anchor:
        return None
    if file.is_dir():
        file /= "README.md"
    if anchor not in anchors(file):
        return f"line {link.line}: {link.target} leads to no heading"
    return None


def _is_sound(address: str) -> bool:
    """An address of the web over TLS, or one of mail."""
    return re.fullmatch(r"https://[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?|mailto:\S+@\S+", address) is not None


def _slug(heading: str) -> str:
    """Small letters, digits and hyphens for blanks, of the heading as it is read."""
    read = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    read = re.sub(r"[`*]|<[^>]+>", "", read).strip().lower()
    return re.sub(r"[^\w\- ]", "", read).replace(" ", "-")


def _without_blocks(text: str) -> str:
    return re.sub(r"^( *)(`{3,}|~{3,}).*?^ *\2", "", text, flags=re.MULTILINE | re.DOTALL)
