"""What a pipe does, in a line: what its box says besides its type and label."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from akrun.model.channel import Channel
from akrun.model.pipes import PipeModel

Params = Mapping[str, Any]


def detail(pipe: PipeModel) -> str:
    """The parameters that tell one pipe of a type from another; empty where there is nothing to say.

    Parameters may be faulty: they are shown as they are written.
    """
    describe = _DETAILS.get(pipe.type)
    return "" if describe is None else describe(pipe.params)


def event_of(pipe: PipeModel, channel: Channel | None) -> tuple[str, str] | None:
    """Name and colour of the event that a pipe registers, if it is one of the channel's."""
    if pipe.type != "event" or channel is None:
        return None
    for event in channel.events:
        if event.id == pipe.params.get("action_type"):
            return event.name, event.color or ""
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _keys(value: Any) -> str:
    if not isinstance(value, dict):
        return _text(value)
    return ", ".join(str(key).removeprefix("$?") for key in value)


def _pack(params: Params) -> str:
    kind = _text(params.get("type", "JSON"))
    return f"{kind} {_keys(params.get('template'))}"


def _http(params: Params) -> str:
    return f"{_text(params.get('method', 'GET'))} {_text(params.get('url'))}"


def _scheduled(params: Params) -> str:
    if params.get("at") is not None:
        return f"at {_text(params['at'])}"
    return "" if params.get("delay") is None else f"in {_text(params['delay'])} s"


def _store(params: Params) -> str:
    table = _text(params.get("table"))
    key = _text(params.get("key"))
    return f"{table} · {key}" if table else key


def _error(params: Params) -> str:
    return f"{_text(params.get('code'))} {_text(params.get('message'))}".strip()


def _log(params: Params) -> str:
    return f"{_text(params.get('level', 'info'))}: {_text(params.get('message'))}"


_DETAILS: Final[Mapping[str, Callable[[Params], str]]] = {
    "pack": _pack,
    "unpack": lambda params: _text(params.get("type", "JSON")),
    "http_request": _http,
    "set": lambda params: _keys(params.get("data")),
    "event": lambda params: _text(params.get("event_type")),
    "scheduled": _scheduled,
    "store_get": _store,
    "store_set": _store,
    "sql_pipe": lambda params: _text(params.get("query")),
    "foreach": lambda params: f"each of {_text(params.get('items'))}",
    "result": lambda params: _text(params.get("path", "$in.data")),
    "error": _error,
    "log": _log,
}
