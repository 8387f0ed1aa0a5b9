"""Editors that have the published schemas and nothing of ours complete and check files by them."""

import json
from pathlib import Path
from typing import Any

from tests.akrun.editor.channels import CHANNEL, YAML
from tests.akrun.editor.client import Client, position, serving
from tests.akrun.editor.node import installed, run

PLAIN = Path(__file__).with_name("plain")
SCHEMAS = Path(__file__).parents[3] / "docs" / "schema"
MARK = "¦"


def test_the_json_service_of_visual_studio_code(tmp_path: Path) -> None:
    folder = installed(PLAIN, tmp_path / "plain")

    def ask(*texts: str, schema: str = "channel") -> list[dict[str, Any]]:
        asked = []
        for text in texts:
            named = text.replace("{", f'{{"$schema": "{(SCHEMAS / schema).as_uri()}.json", ', 1)
            uri = (tmp_path / "file.json").as_uri()
            offset = max(0, named.find(MARK))
            asked.append({"uri": uri, "text": named.replace(MARK, ""), "offset": offset})
        found: list[dict[str, Any]] = json.loads(run("node", "ask.mjs", folder=folder, given=asked))
        return found

    (whole,) = ask(CHANNEL)
    assert whole["faults"] == []
    keys, kinds, params, words, layout, wrong = ask(
        f"{{{MARK}}}",
        f'{{"pipelines": {{"message": [{{"id": 1, "type": "{MARK}"}}]}}}}',
        f'{{"pipelines": {{"message": [{{"type": "http_request", "params": {{{MARK}}}}}]}}}}',
        f'{{"pipelines": {{"message": [{{"type": "http_request", "params": {{"method": "{MARK}"}}}}]}}}}',
        f'{{"fields": {{"sender": [{{"type": "enum", {MARK}}}]}}}}',
        CHANNEL.replace('"method"', f'"{MARK}metod"').replace(
            '"id": 1, "type": "pack"', '"id": 1, "type": "pak"'
        ),
    )
    assert {"name", "communication", "fields", "pipelines", "listener"} <= {*keys["labels"]}
    assert {'"pack"', '"http_request"', '"selector"'} <= {*kinds["labels"]}
    assert {"url", "content_type", "retry"} <= {*params["labels"]}
    assert "template" not in params["labels"]
    assert {'"GET"', '"POST"'} <= {*words["labels"]}
    assert "options" in layout["labels"]
    assert "min" not in layout["labels"]
    assert len(wrong["faults"]) == 2
    assert any("Property metod is not allowed" in each for each in wrong["faults"])
    assert any(each.startswith('Value is not accepted. Valid values: "event"') for each in wrong["faults"])
    (hovered,) = ask(CHANNEL.replace('"string_id": "example"', f'"st{MARK}ring_id": "example"'))
    assert "Unique name; stored in events and addresses" in hovered["hover"]
    (mailing,) = ask(f'{{"id": 1, "name": "x", "audience": {{"query": "q"{MARK}}}}}', schema="mailing")
    assert mailing["faults"] == ['Missing property "connector_id".']
    (case,) = ask(f'{{"channel": "c.json", "cases": [{{"name": "x", {MARK}}}]}}', schema="test")
    assert {"profile", "callback", "steps", "expect"} <= {*case["labels"]}


def test_the_yaml_language_server(tmp_path: Path) -> None:
    folder = installed(PLAIN, tmp_path / "plain")
    server = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    head = f"# yaml-language-server: $schema={(SCHEMAS / 'channel.json').as_uri()}\n"
    with serving("node", str(server), "--stdio") as client:
        client.open("file:///right.yaml", head + YAML, "yaml")
        assert client.diagnostics("file:///right.yaml") == []
        client.open("file:///wrong.yaml", head + YAML.replace("method: POST", "metod: POST"), "yaml")
        (fault,) = client.diagnostics("file:///wrong.yaml")
        assert fault["message"] == "Property metod is not allowed."
        found = yaml_labels(client, head + YAML.replace("      method: POST\n", f"      {MARK}\n"))
        assert {"method", "headers", "retry"} <= found
        assert "template" not in found
        found = yaml_labels(client, head + YAML.replace("type: http_request", f"type: {MARK}"))
        assert {"pack", "http_request", "selector"} <= found


def yaml_labels(client: Client, marked: str) -> set[str]:
    """What the server proposes at the mark."""
    uri, text = "file:///marked.yaml", marked.replace(MARK, "")
    client.open(uri, text, "yaml")
    found = client.at("completion", uri, position(text, marked.index(MARK)))["items"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return {each["label"] for each in found}
