"""Channels to be drawn: any graph of pipes, with any texts."""

from typing import Any

from hypothesis import strategies as st

from akrun.model.channel import Channel
from tests.akrun.pipes.bench import channel_of

TEXTS = st.text(max_size=40) | st.sampled_from(
    ['"quoted"', "a\\b", "<b>&amp;", "one\ntwo", "$in.x = 'y'", "```"]
)


@st.composite
def pipelines(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Pipes with any exits, loops and branches among them."""
    ids = list(range(1, draw(st.integers(1, 8)) + 1))
    targets = st.sampled_from(ids)
    maybe = st.none() | targets
    pipes = []
    for number in ids:
        outs = {name: target for name in ("success", "error") if (target := draw(maybe)) is not None}
        kind = draw(st.sampled_from(["log", "http_request", "selector", "foreach", "scheduled", "store_get"]))
        every: dict[str, dict[str, Any]] = {
            "log": {"message": draw(TEXTS)},
            "http_request": {"url": draw(TEXTS)},
            "selector": {
                "outs": [{"query": draw(TEXTS), "out": draw(targets)} for _ in range(draw(st.integers(0, 3)))]
            },
            "foreach": {"items": draw(TEXTS), "pipeline": draw(targets)},
            "scheduled": {"pipe_id": 1, "template": {}},
            "store_get": {"key": draw(TEXTS), "table": draw(TEXTS)},
        }
        label = draw(st.none() | TEXTS)
        pipes.append({"id": number, "type": kind, "params": every[kind], "outs": outs, "label": label})
    return pipes


channels = pipelines().map(lambda pipes: channel_of(pipes, name="Any & <all>")[0])


def channel(*pipes: dict[str, Any], **parts: Any) -> Channel:
    """A channel with these pipes in `message`."""
    return channel_of(list(pipes), **parts)[0]


BRANCHES = channel(
    {"id": 1, "type": "foreach", "params": {"items": "$#in.a", "pipeline": 2}, "outs": {"success": 9}},
    {"id": 2, "type": "http_request", "params": {"url": "https://a.example"}, "outs": {"success": 3}},
    {"id": 3, "type": "foreach", "params": {"items": "$#in.b", "pipeline": 4}},
    {"id": 4, "type": "store_set", "params": {"key": "k", "table": "seen", "value": 1, "ttl": 60}},
    {"id": 9, "type": "log", "label": "All told", "params": {"message": "done"}},
)
"""A branch within a branch."""
