"""The pages whose examples are executed, and where those of generated pages are."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

GENERATED: Final = {
    "api.md": "tests/akrun/server/api/test_openapi.py",
    "errors.md": "tests/aktmpl/test_error_pages.py",
    "functions.md": "tests/aktmpl/functions/test_examples.py",
    "lint.md": "tests/akrun/lint/test_rules.py",
    "pipes.md": "tests/akrun/pipes/test_examples.py",
}
"""Pages that are written by the code, and the tests that execute their examples where they come from."""

PAGES: Final = tuple(
    path
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
        *sorted((ROOT / "editors").glob("*/*.md")),
        ROOT / "deploy" / "README.md",
    )
    if path.name not in GENERATED or path.parent != ROOT / "docs"
)
"""All other pages with examples."""


def name_of(path: Path) -> str:
    """The page's name as seen from the top of the tree."""
    return path.relative_to(ROOT).as_posix()
