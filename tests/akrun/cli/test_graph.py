"""`akrun graph`: formats, files, and what is laid over the picture."""

import asyncio
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result

from tests.akrun.cli.test_trace import fill
from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import EXAMPLE, invoke
from tests.akrun.picture.test_served import METRICS as OF_SHOP
from tests.akrun.pipes.bench import EVENTS, pipe

METRICS = OF_SHOP.replace(b"shop", b"test")
SMS = str(EXAMPLE / "channel.json")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """A channel of two pipes and an operation."""
    entity = {
        "name": "List", "shortname": "list", "fields": [{"type": "int", "name": "id"}], "primary": "id",
        "preview": "id", "operations": {"get": {"pipeline": [{"id": 1, **pipe("result")}]}},
    }  # fmt: skip
    channel = {
        "id": 7, "string_id": "test", "name": "Shop", "communication": "direct", "events": EVENTS,
        "fields": {"subscription": [{"type": "string", "name": "phone"}]}, "entities": [entity],
        "pipelines": {"message": [
            {"id": 1, **pipe("set", data={"mark": 1}), "outs": {"success": 3}},
            {"id": 3, **pipe("log", message="x")},
        ]},
    }  # fmt: skip
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(channel))
    return str(path)


def graph(*arguments: str) -> Result:
    return invoke("graph", *arguments)


def test_on_the_terminal_it_is_mermaid() -> None:
    result = graph(SMS)
    assert result.exit_code == 0
    assert result.stdout.startswith("flowchart TB\n")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.svg", "<svg "),
        ("a.html", "<!doctype html>"),
        ("a.dot", 'digraph "demo_sms"'),
        ("a.mmd", "flowchart TB"),
    ],
)
def test_a_file_s_name_says_its_format(name: str, start: str, tmp_path: Path) -> None:
    result = graph(SMS, "--output", str(tmp_path / name))
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_an_unknown_ending_needs_a_format(tmp_path: Path) -> None:
    target = tmp_path / "picture.txt"
    assert graph(SMS, "--output", str(target)).exit_code == 2
    assert graph(SMS, "--output", str(target), "--format", "dot").exit_code == 0
    assert target.read_text().startswith("digraph")


def test_one_pipeline(shop: str) -> None:
    assert "set" not in graph(shop, "--pipeline", "list.get").stdout
    assert "set" in graph(shop, "--pipeline", "message").stdout
    result = graph(shop, "--pipeline", "mesage")
    assert (result.exit_code, result.stderr) == (
        1,
        f"{shop}: there is no pipeline `mesage`; did you mean `message`?\n",
    )


def test_the_way_of_a_message_and_of_a_job(shop: str, tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "akrun.db"))
    data = ["--data", str(tmp_path)]
    found = graph(shop, "--trace", "m1", "--format", "svg", *data)
    assert "m1, attempt 2" in found.stdout
    assert "1 · 2.0 ms" in found.stdout
    assert "dim" in ET.fromstring(found.stdout).find(".//*[@data-node='p3']").attrib["class"]  # type: ignore[union-attr]
    assert "is of the channel `test`, not of `demo_sms`" in graph(SMS, "--trace", "m1", *data).stderr
    assert "no trace of m2 is stored" in graph(shop, "--trace", "m2", *data).stderr
    assert "there is no message or job 'm9'" in graph(shop, "--trace", "m9", *data).stderr


def test_coverage_by_a_test_file(shop: str, tmp_path: Path) -> None:
    test = tmp_path / "shop.test.yaml"
    test.write_text(
        "channel: shop.json\n"
        "defaults: {mailing: {id: 1, name: x}}\n"
        "cases:\n"
        "  - {name: passes, profile: {id: p1}, subscription: {phone: '1'}, expect: {state: done}}\n"
        "  - {name: fails, profile: {id: p1}, subscription: {phone: '1'}, expect: {state: failed}}\n"
    )
    result = graph(shop, "--coverage", str(test), "--format", "svg")
    assert result.exit_code == 0
    root = ET.fromstring(result.stdout)
    tones = {
        each.attrib["data-node"]: each.attrib["class"] for each in root.iter() if "data-node" in each.attrib
    }
    assert "covered" in tones["p3"]
    assert "1 case failed" in result.stdout
    assert "tests another channel" in graph(SMS, "--coverage", str(test)).stderr
    test.write_text("channel: shop.json\ncases: []\n")
    assert graph(shop, "--coverage", str(test)).exit_code == 1


def test_counts_of_a_process_that_serves(shop: str) -> None:
    with serve_in_thread(Reply(body=METRICS)) as server:
        result = graph(shop, "--counts", server.url, "--token", "t-1", "--format", "svg")
    assert server.requests[0].headers["authorization"] == "Bearer t-1"
    assert ">12</text>" in result.stdout


def test_the_token_of_the_process_that_serves_the_data_is_known(shop: str, tmp_path: Path) -> None:
    with serve_in_thread(Reply(body=METRICS)) as server:
        (tmp_path / "serve.json").write_text(json.dumps({"url": server.url, "token": "own", "pid": 1}))
        assert graph(shop, "--counts", server.url, "--data", str(tmp_path)).exit_code == 0
    assert server.requests[-1].headers["authorization"] == "Bearer own"


def test_overlays_exclude_each_other(shop: str) -> None:
    result = graph(shop, "--trace", "m1", "--counts", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


def test_a_channel_without_pipelines(tmp_path: Path) -> None:
    fields = {"subscription": [{"type": "string", "name": "email"}]}
    channel = {"id": 9, "string_id": "mail", "name": "Mail", "communication": "direct", "fields": fields}
    channel |= {"module": "email", "kind": "built_in"}
    (tmp_path / "mail.json").write_text(json.dumps(channel))
    assert "has no pipelines" in graph(str(tmp_path / "mail.json")).stderr


def test_a_file_that_cannot_be_written(shop: str, tmp_path: Path) -> None:
    result = graph(shop, "--output", str(tmp_path / "nowhere" / "a.svg"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
