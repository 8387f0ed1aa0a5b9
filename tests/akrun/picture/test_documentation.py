"""The documentation's picture."""

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
