"""A trace in the terminal and as JSON."""

import json

from rich.console import Console

from akrun.cli.text import to_json
from akrun.cli.trace import render_trace, trace_to_dict
from akrun.engine.run import run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from tests.akrun.pipes.bench import Bench, compiled

PIPES = [
    {"id": 1, "type": "foreach", "params": {"items": ["a", "b"], "pipeline": 3}, "outs": {"success": 2}},
    {"id": 2, "type": "scheduled", "params": {"pipe_id": 9, "template": {}}},
    {"id": 3, "type": "set", "label": "mark", "params": {"data": {"x": "<$in.item> $sender.api_key"}}},
]


async def test_branches_stand_below_their_pipe_and_hand_overs_at_the_end() -> None:
    channel = compiled(PIPES, pipelines={"message": PIPES, "schedule": [{"id": 9, "type": "log"}]})
    trace = Trace(Masker(["hunter22"]))
    bench = Bench()
    event = bench.event({}, trace, sender={"api_key": "hunter22"})
    result = await run(channel.pipeline("message"), event)
    shown = json.loads(to_json(trace_to_dict(trace, result)))
    assert [step["pipe"] for step in shown["steps"]] == [1, 2]
    assert [branch[0]["output"]["x"] for branch in shown["steps"][0]["branches"]] == ["<a> ***", "<b> ***"]
    assert shown["handed_over"] == [{"pipe": 9, "due": bench.clock.now().timestamp() + 60}]
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_trace(trace, result))
    text = capture.get()
    assert (
        text.index("branch 0")
        < text.index("3 set — mark")
        < text.index("branch 1")
        < text.index("2 scheduled")
    )
    assert text.rstrip().endswith("done in pipe 2, events: none, handed over to pipe 9")
    assert "hunter22" not in text
