"""What the page on serving shows is so: its listener is one, and its commands print what it says."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from akrun.model import load_channel_file
from akrun.model.listener import Listener
from akrun.server.api.schemas import message_schema
from aktmpl import Environment
from tests.docs import walk

PAGE_FILE = Path(__file__).parents[2] / "docs" / "serving.md"
PAGE = PAGE_FILE.read_text(encoding="utf-8")


def test_the_listener_is_valid_and_answers_a_challenge() -> None:
    found = re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    listener = Listener.model_validate(json.loads("{" + found[1] + "}")["listener"])
    origin = {"headers": {"x-request-id": "r-1"}, "query": {"challenge": "42"}}
    environment = Environment()
    assert environment.compile_text(listener.reply.body).render_text({"origin": origin}) == "42"
    assert environment.compile_text(listener.reply.body).render_text({"origin": {"query": {}}}) == ""
    assert listener.dedupe is not None
    assert environment.compile_text(listener.dedupe).render_text({"origin": origin}) == "r-1"


def test_the_message_that_the_readme_sends_is_one() -> None:
    readme = (PAGE_FILE.parents[1] / "README.md").read_text(encoding="utf-8")
    found = re.search(r"--data '(\{.*?\})'\n", readme, re.DOTALL)
    assert found
    channel, _ = load_channel_file(PAGE_FILE.parents[1] / "examples" / "sms" / "channel.json")
    given = {"sender": {"url": "https://sms.example.com", "name": "Bakery"}}
    jsonschema.validate(json.loads(found[1]), message_schema(channel, given))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk is one with curl")
def test_the_walk_over_http_prints_what_the_page_says(tmp_path: Path) -> None:
    told = walk.steps(PAGE)
    assert len(told) > 15
    for step, printed in zip(told, walk.run(PAGE, tmp_path, (8099, 8090)), strict=True):
        assert walk.steady(printed.output.rstrip("\n")) == walk.steady(step.output.rstrip("\n")), step.command
