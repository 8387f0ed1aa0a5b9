"""The pictures of the documentation show what the commands print now."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from docs.pictures import record
from docs.pictures.drawing import Frame, draw, shown
from docs.pictures.page import browser, screenshot
from rich.text import Text


@pytest.mark.parametrize("name", record.PICTURES)
def test_a_picture_shows_what_the_command_prints_now(name: str) -> None:
    kept = (record.HERE / f"{name}.svg").read_text(encoding="utf-8")
    assert shown(kept) == shown(record.record(name)), "python -m docs.pictures.record makes it anew"


@pytest.mark.parametrize("name", record.PICTURES)
def test_a_picture_stands_by_itself(name: str) -> None:
    text = (record.HERE / f"{name}.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.findtext("{http://www.w3.org/2000/svg}title")
    addresses = set(re.findall(r"https?://[^\s\"&<]+", text.replace("&#160;", " ")))
    assert {each for each in addresses if "127.0.0.1" not in each} == {"http://www.w3.org/2000/svg"}


def test_of_a_picture_that_moves_the_last_screen_is_there_without_motion() -> None:
    svg = draw("three", [Frame([Text(word)], 2) for word in ("one", "two", "three")], 20)
    assert shown(svg).split() == ["one", "two", "three"]
    assert ".f0, .f1 { visibility: hidden }" in svg
    assert "@keyframes f1 { 0% { visibility: hidden } 33.33% { visibility: visible }" in svg


def test_what_differs_between_recordings_is_not_compared() -> None:
    before, after = (
        draw("times", [Frame([Text(f"── at {time} ms, {code} ──")])], 60)
        for time, code in (
            ("2.1", "0ba48884-afb6-5314-80e5-818fcde1b293"),
            ("17.3", "628f247c-5504-4e92-adf9-4102f4d5ed73"),
        )
    )
    assert shown(before) == shown(after) != shown(before.replace("at", "in"))


@pytest.mark.skipif(browser() is None, reason="a picture of a page needs a browser")
def test_the_page_of_a_trace_is_taken_by_a_browser(tmp_path: Path) -> None:
    record.page(tmp_path / "trace.png")
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="install one of chromium"):
        screenshot(tmp_path / "page.html", tmp_path / "page.png", (100, 100))


def test_a_name_that_no_picture_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main(["rpl"]) == 2
    assert capsys.readouterr().err == "no picture rpl; there are repl, lint, trace\n"
