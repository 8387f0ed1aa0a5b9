"""Examples of pipes: shown in the documentation, executed by the tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from akrun.net.message import Response

ORIGIN: Mapping[str, Any] = {
    "send_message_id": "6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10",
    "launch_id": "0c9f4a52-2d7e-5b0a-8a55-6f8f7f6f3c21",
    "a_id": 1,
    "c_id": 501,
    "profile_id": "42",
}
"""What `$origin` holds in examples that do not say otherwise."""


@dataclass(frozen=True, slots=True)
class PipeExample:
    """One use of a pipe.

    Attributes:
        title: what it shows, as a phrase without a full stop.
        params: as a channel file has them.
        before: `$in` when the event enters the pipe.
        after: keys of `$in` that the pipe sets, with their values; bytes where a pipe sets bytes.
        roots: what the templates read besides `$in` and `$origin`, such as `{"sender": {…}}`.
        outs: the pipe's exits; every pipe id that the parameters name is an empty step in the test.
        exit: the way it takes: `success`, `error`, or a pipe id.
        error: keys that `$error` has, for the exit `error`.
        request: what is sent: `method`, `url`, `headers` (those that matter), `body` (text); None: nothing.
        response: what the service answers to it.
        effects: what it registers, hands over or writes besides, in the words of its own test.
        result: the result of the operation, for the pipe `result`.
        given: what must be there before, in the words of the pipe's own test: rows of the store, SQL
            statements that fill the connector.
    """

    title: str
    params: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    roots: Mapping[str, Any] = field(default_factory=dict)
    outs: Mapping[str, int] = field(default_factory=dict)
    exit: str | int = "success"
    error: Mapping[str, Any] | None = None
    request: Mapping[str, Any] | None = None
    response: Response | None = None
    effects: tuple[Mapping[str, Any], ...] = ()
    result: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)
