"""The benchmark: the work is the same for all, and times become the tables they should."""

import json
from typing import Any

import pytest

from benchmarks import compare, measure, report
from benchmarks.templates import cold, hand_written, node_peers, peers, rewrite
from benchmarks.templates.__main__ import HAND, OURS, tables
from benchmarks.templates.work import MIXED, SCOPE, WORK, Work


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.name)
def test_hand_written_python_gives_the_same(work: Work) -> None:
    result = peers.ours(work)()
    assert peers.same(hand_written.function_of(work)(), result)
    assert peers.same(result, result)


def test_half_of_what_the_mixed_texts_read_is_no_string() -> None:
    for text in (work.template for work in WORK if work.scope is MIXED):
        kinds = []
        for reference in rewrite.pieces(text):
            if reference[0] == "path":
                value: Any = rewrite.scope_of(MIXED)
                for key in reference[1].split("."):
                    value = value[key]
                kinds.append(isinstance(value, str))
        assert 0.3 < sum(kinds) / len(kinds) < 0.7


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.name)
@pytest.mark.parametrize("engine", node_peers.ENGINES)
def test_every_engine_on_node_has_a_source_or_none(engine: str, work: Work) -> None:
    source = node_peers.source_of(engine, work)
    assert source is None or "$" not in source.replace("${", "")


def test_the_channel_has_200_leaves() -> None:
    assert len(cold.channel()) == 200
    assert cold.compile_times(1).keys() < cold.TARGETS.keys()


def test_a_ratio_is_the_median_of_the_ratios_of_single_rounds() -> None:
    found = measure.timings({"base": [1.0, 2.0, 4.0], "other": [2.0, 4.0, 2.0]})
    assert found["base"].ratio == 1
    assert found["other"].ratio == 2
    assert found["base"].seconds == 2


def test_every_function_has_its_turns() -> None:
    calls = {"a": 0, "b": 0}

    def count(name: str) -> None:
        calls[name] += 1

    found = measure.compared(
        {"a": lambda: count("a"), "b": lambda: count("b")}, 3, 1e-4, outside={"c": lambda _: 1.0}
    )
    assert [*found] == ["a", "b", "c"]
    assert min(calls.values()) > 3


def test_two_results_are_compared_by_their_ratios() -> None:
    work = WORK[0]

    def result(commit: str, ratio: float, seconds: float) -> dict[str, Any]:
        timings = {
            HAND: measure.Timing(1e-6, 0.01, 1.0),
            OURS: measure.Timing(1e-6 * ratio, 0.01, ratio),
        }
        return {
            "circumstances": {"date": "d", "commit": commit, "python": "p", "machine": "m"},
            "work": {
                "a": {"title": work.title, "target": work.target, "timings": report.timings(timings)},
            },
            "cold": {"compile b": seconds},
        }

    before, after = result("one", 1.0, 0.002), result("two", 0.5, 0.003)
    assert json.loads(json.dumps(after)) == after
    text = compare.compared(before, after)
    assert f"| a {work.title} | 1.00 | 0.50 | -50% |" in text
    assert "| compile b | 2.0 ms | 3.0 ms | +50% |" in text
    assert "| aktmpl | 0.50 |" in tables(after)


def test_the_scope_holds_json_only() -> None:
    assert json.loads(json.dumps(SCOPE)) == SCOPE
