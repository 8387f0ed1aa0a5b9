"""The documentation's picture and its example."""

import re
from pathlib import Path

from tests.akrun.mailing.scene import invoke

ROOT = Path(__file__).parents[3]


def test_the_picture_is_of_the_channel_as_it_is() -> None:
    channel = ROOT / "examples" / "sms" / "channel.json"
    result = invoke("graph", str(channel), "--pipeline", "message", "--format", "svg")
    made = "akrun graph examples/sms/channel.json --pipeline message --output docs/graph.svg"
    assert (ROOT / "docs" / "graph.svg").read_text(encoding="utf-8") == result.stdout, (
        f"make it again: {made}"
    )


def test_the_example_runs() -> None:
    text = (ROOT / "docs" / "graph.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, str] = {}
    exec(code.replace("examples/", f"{ROOT}/examples/"), scope)
    assert scope["svg"].startswith("<svg ")
