"""Results as JSON and as Markdown."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing

RESULTS = Path(__file__).with_name("results")


def circumstances() -> dict[str, Any]:
    """When, of which commit and on what."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit or "unknown",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.machine()}, {_cores()} cores",
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def save(name: str, result: dict[str, Any], markdown: str) -> None:
    """Write both forms below `benchmarks/results/`."""
    RESULTS.mkdir(exist_ok=True)
    commit = result["circumstances"]["commit"]
    for stem in (name, f"{name}-{commit}"):
        (RESULTS / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n")
        (RESULTS / f"{stem}.md").write_text(markdown)


def timings(found: dict[str, Timing]) -> dict[str, Any]:
    """Timings as JSON."""
    return {name: asdict(timing) for name, timing in found.items()}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def ratio(value: float | None) -> str:
    """A ratio with two digits that count."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
