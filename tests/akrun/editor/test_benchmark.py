"""The channel that the benchmark edits is one that lint finds nothing wrong with."""

import json

from akrun.lint import check_channel
from benchmarks.lsp.channel import channel


def test_the_large_channel_has_that_many_pipes_and_no_fault() -> None:
    text = channel(20)
    assert len(json.loads(text)["pipelines"]["message"]) == 24
    assert [each.code for each in check_channel(text, "channel.json") if each.severity == "error"] == []
