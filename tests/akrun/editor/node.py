"""Packages for Node.js that tests install as their lock file says, and run."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 300
"""Seconds until a program that does not end is given up."""
_OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH")


def installed(folder: Path, into: Path) -> Path:
    """A copy of a folder with its packages; the test is skipped where there is no npm, or no network."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    left_out = shutil.ignore_patterns("node_modules", "dist", "*.vsix")
    shutil.copytree(folder, into, ignore=left_out)
    command = [npm, "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=into, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode and any(code in done.stderr for code in _OFFLINE):
        pytest.skip("the registry of npm cannot be reached")
    assert done.returncode == 0, done.stderr
    return into


def run(*command: str | Path, folder: Path, given: Any = None) -> str:
    """What a program prints; it must end without an error."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
