"""The requests of a run, those of two runs side by side, and how they differ."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from akrun.exact_json import decode, to_json

_ALL: Final = 1_000_000
"""Lines around a difference that are shown."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and the pipe that sends it; as `akrun.engine.shown.describe` gives it, secrets masked."""

    pipe: int
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """The requests that a pipe sends in two runs, one of which may have none.

    Attributes:
        pipe: The pipe.
        before, after: The requests.
    """

    pipe: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def change(self) -> str:
        """`same`, `changed`, `added` or `removed`."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "same" if lines(self.before) == lines(self.after) else "changed"

    def diff(self) -> list[str]:
        """The lines of both, of a unified diff without heads; empty where they are the same."""
        before = [] if self.before is None else lines(self.before)
        after = [] if self.after is None else lines(self.after)
        return list(difflib.unified_diff(before, after, lineterm="", n=_ALL))[3:]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        requests = {name: None if each is None else dict(each) for name, each in self._requests()}
        return {"pipe": self.pipe, "change": self.change, **requests, "diff": self.diff()}

    def _requests(self) -> list[tuple[str, Mapping[str, Any] | None]]:
        return [("before", self.before), ("after", self.after)]


def requests_of(steps: Sequence[Mapping[str, Any]]) -> list[Sent]:
    """The requests of these steps and their branches; one that was sent again counts once."""
    found: list[Sent] = []
    for step in steps:
        latest = None
        for exchange in step["exchanges"]:
            if exchange["request"] != latest:
                latest = exchange["request"]
                found.append(Sent(step["pipe"], latest))
        for branch in step["branches"]:
            found += requests_of(branch)
    return found


def paired(before: Sequence[Sent], after: Sequence[Sent]) -> list[Pair]:
    """Each request of a pipe beside the one that it sent in the other run at its turn."""
    later = _by_turn(after)
    earlier = _by_turn(before)
    pairs = [Pair(key[0], earlier.get(key), request) for key, request in later.items()]
    return pairs + [Pair(key[0], request, None) for key, request in earlier.items() if key not in later]


def lines(request: Mapping[str, Any]) -> list[str]:
    """A request line by line: method and URL, headers by name, and the body, JSON indented."""
    headers = [f"{name}: {value}" for name, value in sorted(request["headers"].items())]
    head = [f"{request['method']} {request['url']}", *headers]
    body = request["body"]
    return head if body is None else [*head, "", *_body(str(body)).split("\n")]


def _body(body: str) -> str:
    try:
        return to_json(decode(body.encode("utf-8", "surrogatepass")))
    except (orjson.JSONDecodeError, RecursionError):
        return body


def _by_turn(sent: Sequence[Sent]) -> dict[tuple[int, int], Mapping[str, Any]]:
    turns: Counter[int] = Counter()
    found: dict[tuple[int, int], Mapping[str, Any]] = {}
    for each in sent:
        found[each.pipe, turns[each.pipe]] = each.request
        turns[each.pipe] += 1
    return found
