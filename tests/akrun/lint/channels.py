"""Channels made at random, for laws: pipelines without loops whose templates read fields of `$in`."""

from typing import Any

from hypothesis import strategies as st

from tests.akrun.pipes.bench import EVENTS

FIELDS = ("a", "b", "data", "body", "status", "send_message_id")
"""Fields of `$in` that templates read; some are set by pipes only."""

Pipe = dict[str, Any]


@st.composite
def read(draw: st.DrawFn) -> str:
    """A text that reads a field, plainly or with care, or `$error`."""
    name = draw(st.sampled_from(FIELDS))
    return draw(
        st.sampled_from(
            [
                "constant",
                f"got $in.{name}",
                f"${{in.{name}}}",
                f"${{in.{name} ?? 'none'}}",
                f"${{in?.{name}}}",
                f"${{in.{name} is defined ? in.{name} : 'none'}}",
                "$error.message",
                "${error.message ?? 'fine'}",
            ]
        )
    )


def _document(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(["a", "b", "c", "$?a", "$?b"]), max_size=2, unique=True))
    names = {key.removeprefix("$?"): key for key in keys}
    return {key: draw(read()) for key in names.values()}


@st.composite
def pipelines(draw: st.DrawFn, handed: int = 0) -> list[Pipe]:
    """Pipes whose exits lead forwards; `handed` is the number of pipes in `schedule`, for hand-overs."""
    count = draw(st.integers(2, 6))
    return [_pipe(draw, number, count, handed) for number in range(1, count + 1)]


def _pipe(draw: st.DrawFn, number: int, count: int, handed: int) -> Pipe:
    def later() -> int | None:
        return draw(st.integers(number + 1, count)) if number < count else None

    kinds = ["set", "pack", "unpack", "get", "post", "store_get", "log", "selector", "defined"]
    kinds += ["foreach"] if number < count else []
    kinds += ["scheduled"] if handed else []
    kind = draw(st.sampled_from(kinds))
    outs: dict[str, int | None] = {}
    if number < count and draw(st.integers(0, 4)):
        outs["success"] = number + 1
    if number < count and draw(st.booleans()):
        outs["error"] = later()
    pipe_type, params = _params(draw, kind, number, later(), handed)
    return {"id": number, "type": pipe_type, "params": params, "outs": outs}


def _params(
    draw: st.DrawFn, kind: str, number: int, way: int | None, handed: int
) -> tuple[str, dict[str, Any]]:
    match kind:
        case "set":
            return "set", {"data": _document(draw)}
        case "pack":
            return "pack", {"template": _document(draw)}
        case "get":
            return "http_request", {"url": f"https://api.example/{draw(read())}"}
        case "post":
            return "http_request", {"url": "https://api.example/", "method": "POST", "content_type": "json"}
        case "store_get":
            found = {"key": "k", "name": draw(st.sampled_from(["a", "b"]))}
            return "store_get", found | ({"not_found": way} if way and draw(st.booleans()) else {})
        case "selector":
            outs = [{"query": f"$profile.s{number} = 1", "out": way}] if way else []
            return "selector", {"outs": outs}
        case "defined":
            path = draw(st.sampled_from([*(f"in.{name}" for name in FIELDS), "error"]))
            test = draw(st.sampled_from(["defined", "not defined"]))
            return "selector", {"outs": [{"query": f"{path} is {test}", "out": way}] if way else []}
        case "foreach":
            return "foreach", {"items": draw(st.sampled_from([[], ["x"], ["x", "y"]])), "pipeline": way}
        case "scheduled":
            entry = draw(st.integers(1, handed))
            return "scheduled", {"pipe_id": entry, "delay": 1, "template": _document(draw)}
        case _:
            return kind, {"message": draw(read())} if kind == "log" else {}


@st.composite
def channels(draw: st.DrawFn) -> dict[str, Any]:
    """A channel with `message` or `listener`, and most often `schedule`."""
    schedule = draw(st.one_of(st.just([]), pipelines()))
    first = draw(st.sampled_from(["message", "listener"]))
    pipes = draw(pipelines(len(schedule)))
    return {
        "name": "Random",
        "id": 7,
        "string_id": "random",
        "communication": "direct",
        "fields": {"subscription": [{"type": "string", "name": "phone"}]},
        "events": EVENTS,
        "pipelines": {first: pipes, **({"schedule": schedule} if schedule else {})},
    }
