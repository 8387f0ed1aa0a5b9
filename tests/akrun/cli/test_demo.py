"""`akrun demo` end to end: 1,000 messages, and a gateway that got what the report says."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from akrun.demo.run import EXAMPLE, DemoError, run_demo

CHECKS = 9


async def test_the_gateway_and_the_report_agree(capfd: pytest.CaptureFixture[str]) -> None:
    printed = StringIO()
    assert await run_demo(EXAMPLE, Console(file=printed, width=120))
    text = printed.getvalue()
    assert text.count(" same ") == CHECKS
    assert "DIFFERENT" not in text
    assert "│ accepted = send events                       │     910 │    910 │ same │" in text
    assert "demo gateway at http://127.0.0.1:" in text
    out, err = capfd.readouterr()
    assert "│ 1,000 │  957 │     13 │      30 │           0 │" in out
    assert "1,000/1,000 done 957, failed 13, skipped 30" in err


async def test_a_command_that_fails_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    example = tmp_path / "sms"
    shutil.copytree(EXAMPLE, example)
    (example / "mailing.json").write_text("{}")
    with pytest.raises(DemoError, match="`akrun send` ended with exit code 1"):
        await run_demo(example, Console(file=StringIO()))
    assert "mailing.json:1:1: C301" in capfd.readouterr().err
