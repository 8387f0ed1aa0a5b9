"""`akrun demo-gateway` and `akrun demo` when they cannot do their work."""

import socket
from pathlib import Path

from click.testing import CliRunner

from akrun.cli.demo import demo
from akrun.cli.demo_gateway import demo_gateway


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        log = tmp_path / "log.jsonl"
        result = CliRunner().invoke(demo_gateway, ["--port", port, "--log", str(log)])
    assert result.exit_code == 1
    assert "in use" in result.output


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo_gateway, ["--log", str(tmp_path / "none" / "log.jsonl")])
    assert result.exit_code == 1
    assert "none/log.jsonl" in result.output


def test_an_incomplete_example_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(demo, [str(tmp_path)])
    assert result.exit_code == 1
    assert "channel.json is missing" in result.output
