"""A page of HTML as a browser shows it."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    """A browser that takes screenshots; None when none is installed."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def screenshot(page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Take a PNG of a page.

    Args:
        page: The HTML file.
        picture: The file to write.
        size: Width and height of the window in pixels.

    Raises:
        RuntimeError: There is no browser, or it takes no picture.
    """
    command = browser()
    if command is None:
        raise RuntimeError(f"no browser: install one of {', '.join(_BROWSERS)}")
    done = subprocess.run(  # noqa: S603 - a page that was just written, and a browser that was looked for
        [
            command,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={picture.resolve()}",
            page.resolve().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if not picture.exists():
        raise RuntimeError(f"{command} took no picture:\n{done.stderr}")
