"""Requests of two runs side by side."""

from typing import Any

from akrun.rerun.requests import Pair, Sent, paired, requests_of


def request(url: str = "https://a.example/", body: str | None = None, **headers: str) -> dict[str, Any]:
    return {"method": "POST", "url": url, "headers": headers, "body": body}


def step(pipe: int, *requests: dict[str, Any], branches: Any = ()) -> dict[str, Any]:
    return {"pipe": pipe, "exchanges": [{"request": each} for each in requests], "branches": branches}


def test_a_request_that_was_sent_again_counts_once() -> None:
    first, second = request("https://a.example/1"), request("https://a.example/2")
    steps = [
        step(1),
        step(2, first, first, second),
        step(3, branches=[[step(4, first)], [step(4, second)]]),
    ]
    assert requests_of(steps) == [Sent(2, first), Sent(2, second), Sent(4, first), Sent(4, second)]


def test_those_of_a_pipe_are_paired_by_their_turn() -> None:
    a, b, c, d = (request(f"https://a.example/{name}") for name in "abcd")
    before = [Sent(2, a), Sent(2, b), Sent(5, c)]
    after = [Sent(2, a), Sent(3, d), Sent(2, c)]
    assert paired(before, after) == [Pair(2, a, a), Pair(3, None, d), Pair(2, b, c), Pair(5, c, None)]
    assert [pair.change for pair in paired(before, after)] == ["same", "added", "changed", "removed"]


def test_a_diff_has_all_lines_with_json_indented_and_headers_in_order() -> None:
    before = request(body='{"to":"+44","n":1}', b="1", a="2")
    after = request("https://a.example/v2", body='{"to": "+44", "n": 2}', a="2", c="3")
    assert Pair(3, before, after).diff() == [
        "-POST https://a.example/",
        "+POST https://a.example/v2",
        " a: 2",
        "-b: 1",
        "+c: 3",
        " ",
        " {",
        '   "to": "+44",',
        '-  "n": 1',
        '+  "n": 2',
        " }",
    ]


def test_bodies_that_differ_in_blanks_only_are_the_same() -> None:
    pair = Pair(3, request(body='{"a":1}'), request(body='{\n"a": 1}'))
    assert (pair.change, pair.diff()) == ("same", [])


def test_a_body_that_is_no_json_is_compared_by_lines() -> None:
    pair = Pair(3, request(body="a=1\nb=2"), request(body="a=1\nb=3"))
    assert pair.diff()[-3:] == [" a=1", "-b=2", "+b=3"]


def test_as_json() -> None:
    after = request()
    assert Pair(3, None, after).to_dict() == {
        "pipe": 3,
        "change": "added",
        "before": None,
        "after": after,
        "diff": ["+POST https://a.example/"],
    }
