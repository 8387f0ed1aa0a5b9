"""`python -m benchmarks.compare A.json B.json`, or of two commits whose results were saved: what changed.

Ratios to the hand-written function are compared, not times: they hold across machines and moods of one.
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS, ratio, table


def load(name: str) -> dict[str, Any]:
    """Results by file, or by the commit they were saved for."""
    path = Path(name) if Path(name).is_file() else RESULTS / f"templates-{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def compared(before: dict[str, Any], after: dict[str, Any], engine: str = "aktmpl") -> str:
    """A table of what both measured."""
    rows = []
    for name, work in after["work"].items():
        old = before["work"].get(name, {}).get("timings", {}).get(engine)
        new = work["timings"].get(engine)
        if old and new:
            change = new["ratio"] / old["ratio"] - 1
            rows.append(
                [f"{name} {work['title']}", ratio(old["ratio"]), ratio(new["ratio"]), f"{change:+.0%}"]
            )
    for name, seconds in after["cold"].items():
        if name in before["cold"]:
            old_seconds = before["cold"][name]
            rows.append([name, _ms(old_seconds), _ms(seconds), f"{seconds / old_seconds - 1:+.0%}"])
    commits = [each["circumstances"]["commit"] for each in (before, after)]
    return table(["work", *commits, "change"], rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(compared(load(sys.argv[1]), load(sys.argv[2])), end="")
