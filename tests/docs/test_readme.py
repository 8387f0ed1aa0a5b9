"""The README says that its channel has thirty lines."""

from tests.docs.blocks import read_page
from tests.docs.pages import ROOT


def test_the_channel_has_thirty_lines() -> None:
    page = read_page(ROOT / "README.md")
    (channel,) = (block.text for block in page.blocks if block.marked("file") == "channel.json")
    assert channel.count("\n") <= 32
