"""Where a run goes on, and with what."""

from typing import Any

import pytest

from akrun.backend import DeadLetter
from akrun.engine.checkpoint import Checkpoint, encode_checkpoint
from akrun.engine.payload import encode_payload
from akrun.engine.secrets import Masker
from akrun.errors import AkrunError
from akrun.rerun.state import after, before, of_letter
from tests.akrun.pipes.bench import compiled

PIPES = [
    {"id": 2, "type": "set", "params": {"data": {"x": 1}}, "outs": {"success": 3, "error": 9}},
    {"id": 3, "type": "selector", "params": {"outs": [{"query": "$in.x = 1", "out": 4}]}},
    {"id": 4, "type": "set", "params": {"data": {"y": "$in.nothing"}}, "outs": {"error": 5}},
    {"id": 5, "type": "foreach", "params": {"items": [1], "pipeline": 6}, "outs": {"success": 7}},
    {"id": 6, "type": "set", "params": {"data": {"z": 1}}},
    {"id": 7, "type": "log", "params": {"message": "$error.code"}},
    {"id": 9, "type": "log", "params": {}},
]


def step(pipe: int, way: str, following: int | None, **more: Any) -> dict[str, Any]:
    known = {"pipe": pipe, "exit": way, "next": following, "error": None, "branches": [], "exchanges": []}
    return {**known, "input": {"in": pipe}, "output": {"out": pipe}, **more}


def made() -> dict[str, Any]:
    steps = [
        step(2, "success", 3, output={"body": "text", "out": 2}),
        step(3, "out 4", 4),
        step(4, "error", 5, error={"code": "E301"}),
        step(5, "success", 7, branches=[[step(6, "success", None)]]),
        step(7, "", None),
    ]
    return {"attempt": 3, "steps": steps}


def pipeline() -> Any:
    return compiled(PIPES).pipeline("message")


@pytest.mark.parametrize(
    ("pipe", "way", "following", "error"),
    [
        (2, None, 3, None),
        (2, "error", 9, None),
        (3, None, 4, None),
        (3, "out 4", 4, None),
        (4, None, 5, {"code": "E301"}),
        (5, None, 7, {"code": "E301"}),
    ],
)
def test_what_left_a_pipe(pipe: int, way: str | None, following: int, error: Any) -> None:
    state = after(made(), pipe, pipeline(), way)
    assert (state.pipe, state.error) == (following, error)
    assert state.source == f"what left pipe {pipe} in attempt 3"
    assert state.data is not None
    assert state.data["out"] == pipe


def test_text_in_body_was_bytes() -> None:
    assert after(made(), 2, pipeline()).data == {"body": b"text", "out": 2}


@pytest.mark.parametrize(("pipe", "entered"), [(4, 4), (None, 7)])
def test_what_entered_a_pipe(pipe: int | None, entered: int) -> None:
    state = before(made(), pipe)
    assert (state.pipe, state.data) == (entered, {"in": entered})
    assert state.error == (None if entered == 4 else {"code": "E301"})


@pytest.mark.parametrize(
    ("pipe", "way", "why"),
    [
        (7, None, "pipe 7 did not come to its end; --at 7 runs it again, or --exit says by which exit"),
        (3, "success", "nothing follows pipe 3 by its exit `success`; --at takes a pipe that is to run"),
        (3, "error", "nothing follows pipe 3 by its exit `error`; --exit success takes the other exit"),
        (3, "out 8", "nothing follows pipe 3 by its exit `out 8`; --at takes a pipe that is to run"),
        (6, None, "pipe 6 ran in branches of pipe 5: take --at 5"),
        (1, None, "pipe 1 is not in the trace of attempt 3; there ran 2, 3, 4, 5, 7"),
    ],
)
def test_where_it_cannot_go_on(pipe: int, way: str | None, why: str) -> None:
    with pytest.raises(AkrunError) as raised:
        after(made(), pipe, pipeline(), way)
    assert str(raised.value) == why


def test_nothing_failed() -> None:
    trace = {"attempt": 1, "steps": [step(2, "success", None)]}
    with pytest.raises(AkrunError, match="no pipe failed: say by --at or --after where to begin"):
        before(trace, None)


SECRET = Masker({"sender.key": "hunter22"})


def letter(body: bytes, pipe: int | None = 3) -> DeadLetter:
    return DeadLetter("m-1", "message", pipe, body, {"code": 500}, 1, 1.0, id=17)


def test_a_dead_letter_has_it_as_it_was() -> None:
    body = encode_checkpoint(Checkpoint(3, {"body": b"\xff", "key": "hunter22"}, {"code": "c"}), SECRET)
    state = of_letter(letter(body), SECRET, exact=True)
    assert (state.pipe, state.data, state.error) == (3, {"body": b"\xff", "key": "hunter22"}, {"code": "c"})
    assert (state.source, state.exact) == ("what entered it before dead letter 17", True)


def test_without_the_secret_it_is_masked_or_an_error() -> None:
    body = encode_checkpoint(Checkpoint(3, {"body": b"\xff", "key": "k=hunter22"}), SECRET)
    state = of_letter(letter(body), Masker(), exact=False)
    assert (state.pipe, state.data, state.exact) == (3, {"body": b"\xff", "key": "k=***"}, False)
    with pytest.raises(AkrunError, match=r"secret sender\.key, .* give it by --set or --mailing"):
        of_letter(letter(body), Masker(), exact=True)


@pytest.mark.parametrize("pipe", [None, 3])
def test_where_no_pipe_had_begun_it_is_the_start(pipe: int | None) -> None:
    state = of_letter(letter(b"", pipe), Masker(), exact=True)
    assert (state.pipe, state.data, state.exact) == (None, None, True)


@pytest.mark.parametrize(
    "body", [b"{", encode_payload({"a": 1}), encode_payload([])], ids=["no", "else", "list"]
)
def test_what_is_no_checkpoint_is_an_error(body: bytes) -> None:
    with pytest.raises(AkrunError, match="cannot be read"):
        of_letter(letter(body), Masker(), exact=False)
