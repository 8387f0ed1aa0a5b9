"""What the page on serving says of its listener holds."""

import json
import re
from pathlib import Path

from akrun.model.listener import Listener
from aktmpl import Environment

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
