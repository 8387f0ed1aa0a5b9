"""Files from outside of `docs/` in the site, so that links mean there what they mean on a code host.

The pages at the top of the tree and the examples become pages; their files are copied beside them. A link
that leads out of `docs/` leads to these; one to a file that the site does not have becomes its text.
"""

import posixpath
import re
from pathlib import Path
from re import Match
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = "docs/"
HOME: Final = {"README.md": "index.md"}
"""Pages of the tree that the site has another one for."""

_OUTSIDE: Final = (
    "*.md",
    "LICENSE",
    "examples/*/*.*",
    "examples/recipes/*/*.*",
    "editors/*/*.md",
    "deploy/*.md",
)
_LINK: Final = re.compile(
    r"\[([^\]\[]*(?:!\[[^\]]*\]\([^)]*\))?[^\]\[]*)\]\((?!\w+:|#|/)([^)#\s]+)(#[^)\s]*)?\)"
)
_CODE: Final = re.compile(r"^( *)(`{3,}).*?^ *\2`*[ \t]*$|`[^`\n]*\]\([^`\n]*`", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the files."""
    for pattern in _OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if name not in HOME:
                files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Point links at where the site has what they lead to."""
    source = page.file.src_uri
    place = source if _is_outside(page.file) else DOCS + source

    def moved(link: Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        in_tree = posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
        if (ROOT / in_tree / "README.md").is_file():
            in_tree += "/README.md"
        in_site = HOME.get(in_tree, in_tree.removeprefix(DOCS))
        if files.get_file_from_path(in_site) is not None:
            return f"[{text}]({posixpath.relpath(in_site, posixpath.dirname(source) or '.')}{anchor})"
        return text if (ROOT / in_tree).exists() else link[0]

    return _outside_of_code(markdown, moved)


def _is_outside(file: File) -> bool:
    return file.generated_by is not None


def _outside_of_code(markdown: str, replace: Any) -> str:
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(markdown):
        parts += [_LINK.sub(replace, markdown[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _LINK.sub(replace, markdown[end:])])
