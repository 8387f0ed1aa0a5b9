"""The process that serves a data directory, and commands for another backend than its own."""

import json
from pathlib import Path

import pytest

from akrun.cli.control import ServingControl
from akrun.errors import AkrunError
from akrun.model.settings import Settings
from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import invoke

TWO = "nats://n1:4222, nats://n2:4222"


def settings(data: Path, backend: str, prefix: str = "akrun") -> Settings:
    return Settings.model_construct(data=data, backend=backend, nats_prefix=prefix)


def announced(data: Path, url: str, backend: str) -> None:
    told = {"url": url, "token": "own", "pid": 41, "backend": backend, "nats_prefix": "akrun"}
    (data / "serve.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("theirs", "ours", "prefix", "same"),
    [
        ("embedded", "embedded", "akrun", True),
        ("embedded", "embedded", "other", True),
        (TWO, "nats://n2:4222", "akrun", True),
        (TWO, "nats://n2:4222", "other", False),
        (TWO, "nats://n3:4222", "akrun", False),
        (TWO, "embedded", "akrun", False),
        ("embedded", TWO, "akrun", False),
    ],
)
def test_a_process_on_another_backend_is_refused(
    tmp_path: Path, theirs: str, ours: str, prefix: str, *, same: bool
) -> None:
    with serve_in_thread(Reply(body=b"{}")) as server:
        announced(tmp_path, server.url, theirs)
        if same:
            found = ServingControl.on(settings(tmp_path, ours, prefix))
            assert found is not None
            assert (found.url, found.pid) == (server.url, 41)
        else:
            with pytest.raises(AkrunError, match="process 41, which serves it, works on "):
                ServingControl.on(settings(tmp_path, ours, prefix))


def test_nobody_serves_any_more(tmp_path: Path) -> None:
    announced(tmp_path, "http://127.0.0.1:9", TWO)
    assert ServingControl.on(settings(tmp_path, "embedded")) is None


@pytest.mark.parametrize("command", ["mailing pause 5", "mailing resume 5", "mailing stop 5"])
def test_nothing_is_asked_of_it(tmp_path: Path, command: str) -> None:
    with serve_in_thread(Reply(body=b"{}")) as server:
        announced(tmp_path, server.url, TWO)
        refused = invoke(*command.split(), "--data", str(tmp_path))
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"{tmp_path}: process 41, which serves it, works on {TWO}, nats_prefix akrun, and this command on "
        "the database of the directory; name the same by --backend, or another directory by --data\n"
    )
    assert {request.target for request in server.requests} == {"/health/live"}
