"""`akrun demo` end to end: 1,000 messages and a notice, and a gateway that got what the reports say."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from akrun.demo.run import EXAMPLES, DemoError, run_demo

CHECKS = 14


async def test_the_gateway_and_the_report_agree(capfd: pytest.CaptureFixture[str]) -> None:
    printed = StringIO()
    assert await run_demo(EXAMPLES, Console(file=printed, width=140))
    text = printed.getvalue()
    assert text.count(" same ") == CHECKS
    assert "DIFFERENT" not in text
    assert "│ accepted = send events                        │     910 │    910 │ same │" in text
    assert "│ delivered, by callback or poll = deliv events │     807 │    807 │ same │" in text
    assert "demo gateway at http://127.0.0.1:" in text
    out, err = capfd.readouterr()
    assert err == ""
    assert "│ 1,000 │  957 │     13 │      30 │         0 │           0 │" in out
    assert "“Bread of the week” by demo_board: stopped" in out


async def test_a_command_that_fails_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(EXAMPLES / "sms", tmp_path / "sms")
    shutil.copytree(EXAMPLES / "board", tmp_path / "board")
    (tmp_path / "sms" / "mailing.json").write_text("{}")
    with pytest.raises(DemoError, match="`akrun mailing submit` ended with exit code 1"):
        await run_demo(tmp_path, Console(file=StringIO()))
    assert "mailing.json:1:1: C301" in capfd.readouterr().err
