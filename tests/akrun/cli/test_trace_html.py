"""`akrun trace --html`: the page of what was really sent."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.akrun.http_server import Reply, serve_in_thread
from tests.akrun.mailing.scene import KEY, Scene, pipe, rows
from tests.akrun.trace_page.test_page import Page

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def sent(scene: Scene) -> Scene:
    """One message to a hostile name, which fails in a template after a hostile answer; its trace is kept."""
    answer = Reply(headers={"X-Hostile": HOSTILE, "Set-Cookie": f"k={KEY}"}, body=b'{"status": "accepted"}')
    scene.audience = rows([0])
    scene.audience[0]["profile"]["first_name"] = HOSTILE
    pipe(scene.channel, 5)["outs"] = {"success": 6}
    pipe(scene.channel, 6)["params"]["event"]["reason"] = "$in.data.reason"
    pipe(scene.channel, 5)["params"]["outs"] = [{"query": "false", "out": 7}]
    with serve_in_thread(answer) as server:
        scene.url = server.url
        scene.send("-o", "traces=all", "-o", "http_allow=127.0.0.1")
    return scene


def unit(scene: Scene) -> str:
    connection = sqlite3.connect(scene.data / "akrun.db")
    [(found,)] = connection.execute("SELECT id FROM message").fetchall()
    connection.close()
    return str(found)


def page(scene: Scene, name: str | None = None) -> tuple[str, Page]:
    file = scene.folder / "trace.html"
    result = scene.run("trace", name or unit(scene), "--html", str(file))
    assert (result.exit_code, result.output) == (0, "")
    text = file.read_text(encoding="utf-8")
    return text, Page(text)


def test_it_has_all_of_the_trace(sent: Scene) -> None:
    _, found = page(sent)
    text = found.text()
    for part in (
        f"Message {unit(sent)} failed",
        "demo_sms",
        "error → end",
        f"POST {sent.url}",
        HOSTILE,
        '{"status": "accepted"}',
        "E301 `data` has no field `reason`",
        "channel.json:",
        "^^^",
        "Drawn from the channel as it is registered now",
    ):
        assert part in text, part
    assert not any(tag == "script" for tag, _ in found.elements)


def test_secrets_are_in_no_part_of_it(sent: Scene) -> None:
    text, found = page(sent)
    assert KEY not in text
    assert "***" in found.text()
    assert "set-cookie***" in "".join(found.text().split())


def test_the_picture_shows_the_way_it_took(sent: Scene) -> None:
    _, found = page(sent)
    nodes = {
        each["data-node"]: each.get("class") or "" for tag, each in found.elements if each.get("data-node")
    }
    assert {node for node, tones in nodes.items() if node and "taken" in tones} == {
        "start1",
        "p1",
        "p3",
        "p4",
        "p5",
    }
    assert {node for node, tones in nodes.items() if node and "failed" in tones.split()} == {"p6"}
    ids = [each["id"] for _, each in found.elements if "id" in each]
    assert len(ids) == len(set(ids))
    links = [each["href"] or "" for _, each in found.elements if "href" in each]
    assert {link.removeprefix("#") for link in links} <= {each or "" for each in ids}


@pytest.mark.parametrize("document", ["{", '{"id": 1}', '{"pipelines": {}}'], ids=["no-json", "old", "empty"])
def test_without_a_channel_that_can_be_drawn_there_is_no_picture(sent: Scene, document: str) -> None:
    connection = sqlite3.connect(sent.data / "akrun.db")
    connection.execute("UPDATE channel SET document = ?", (document.encode(),))
    connection.commit()
    connection.close()
    _, found = page(sent)
    assert "Drawn from" not in found.text()
    assert "E301" in found.text()


def test_without_a_trace_it_says_why(sent: Scene) -> None:
    connection = sqlite3.connect(sent.data / "akrun.db")
    connection.execute("DELETE FROM trace")
    connection.commit()
    connection.close()
    _, found = page(sent)
    assert 'no trace is stored: the setting `traces = "failed"`' in found.text()


def test_a_file_that_cannot_be_written_is_an_error(sent: Scene, tmp_path: Path) -> None:
    wrong = sent.run("trace", unit(sent), "--html", str(tmp_path / "none" / "t.html"))
    assert (wrong.exit_code, wrong.stderr) == (1, f"{tmp_path}/none/t.html: No such file or directory\n")


def test_one_form_at_a_time(sent: Scene) -> None:
    assert sent.run("trace", unit(sent), "--html", "t.html", "--json").exit_code == 2


def test_the_json_tells_channel_and_pipeline(sent: Scene) -> None:
    shown = json.loads(sent.run("trace", unit(sent), "--json").stdout)
    assert (shown["channel"], shown["pipeline"]) == ("demo_sms", "message")
    assert shown["traces"][0]["steps"][-1]["frame"].splitlines()[0].endswith("/params/event/reason)")
