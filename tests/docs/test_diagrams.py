"""Mermaid's diagrams are drawn with all that they say, or refused."""

import re

import pytest
from docs.diagrams import drawn
from pymdownx.superfences import SuperFencesException

FLOWCHART = """\
flowchart LR
    a["one<br>& more"] --> b{two}
    b -->|"yes"| c((three))
    b -- no --> a
    subgraph inner ["…"]
        c <--> d[/"four"/] --> e
    end
"""
STATES = """\
stateDiagram-v2
    [*] --> in_progress: taken
    state in_progress {
        [*] --> running
        running --> [*]
    }
    in_progress --> [*]: at its end
"""


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_a_flowchart() -> None:
    svg = drawn(FLOWCHART)
    assert texts(svg) == ["yes", "no", "one", "&amp; more", "two", "three", "four", "e"]
    assert svg.count('class="node"') == 5
    assert svg.count("marker-end") == 5
    assert svg.count("marker-start") == 1


def test_states() -> None:
    svg = drawn(STATES)
    assert texts(svg) == ["taken", "at its end", "in progress", "running"]
    assert svg.count('class="spot"') == 2
    assert svg.count("marker-end") == 4


@pytest.mark.parametrize(
    "source",
    [
        "pie\n  a: 1\n",
        "flowchart LR\n  a ==> b\n",
        "stateDiagram-v2\n  note right of a: x\n",
        "flowchart LR\n  a -->\n",
    ],
    ids=["another diagram", "another arrow", "a note", "half an arrow"],
)
def test_what_is_not_known_ends_the_build(source: str) -> None:
    with pytest.raises(SuperFencesException):
        drawn(source)
