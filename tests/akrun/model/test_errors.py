"""The errors every part of the runtime raises."""

import pickle

import pytest

from akrun.errors import AkrunError, Fault, FileFaults, PipeFailure
from aktmpl.errors import TemplateError, error
from aktmpl.source import Source, Span


def test_faults_are_ordered_by_file_then_place() -> None:
    first, second = Source("aa\nbb", "one"), Source("cc", "two")
    faults: list[Fault | TemplateError] = [
        Fault("C201", "late", None, first, Span(4, 5)),
        Fault("C201", "other file", None, second, Span(0, 1)),
        error("E101", "early", first, Span(1, 2)),
    ]
    assert [fault.message for fault in FileFaults(faults).faults] == ["early", "late", "other file"]


def test_frames_are_joined_and_the_rest_counted() -> None:
    fault = Fault("C202", "unknown key `x`", "did you mean `y`?", Source('{"x": 1}', "f.json"), Span(1, 4))
    assert FileFaults([fault], omitted=2).frames().splitlines() == [
        "f.json:1:2: C202 unknown key `x`",
        '  1 | {"x": 1}',
        "    |  ^^^",
        "    = hint: did you mean `y`?",
        "",
        "and 2 more",
    ]


def test_fault_as_json() -> None:
    fault = Fault("C202", "m", None, Source("ab\ncd", "f.json"), Span(4, 5))
    assert fault.to_dict() == {
        "code": "C202",
        "message": "m",
        "hint": None,
        "name": "f.json",
        "line": 2,
        "column": 2,
        "start": 4,
        "end": 5,
        "pointer": None,
    }


def test_pipe_failure_becomes_the_error_root() -> None:
    failure = PipeFailure(429, "too many", kind="http", status=429, retryable=True)
    assert failure.to_scope(7) == {
        "code": 429,
        "message": "too many",
        "pipe": 7,
        "kind": "http",
        "status": 429,
        "retryable": True,
    }
    assert str(failure) == "too many"


@pytest.mark.parametrize(
    "raised",
    [
        PipeFailure("timeout", "no answer", kind="timeout", retryable=True),
        FileFaults([Fault("C201", "m", None, Source("a", "f"), Span(0, 1))], omitted=1),
    ],
)
def test_errors_are_akrun_errors_and_survive_pickling(raised: AkrunError) -> None:
    again = pickle.loads(pickle.dumps(raised))
    assert isinstance(again, AkrunError)
    assert (type(again), str(again)) == (type(raised), str(raised))
    assert vars(again) == vars(raised)
