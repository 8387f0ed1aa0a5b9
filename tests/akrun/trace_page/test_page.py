"""The page: what is on it, that it is sound, and that no value can change it."""

from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akrun.trace_page import Picture, trace_page

VOID = {"meta"}


class Page(HTMLParser):
    """Every element in order, with its attributes, and the texts in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def text(self) -> str:
        return "".join(data for tag, data in self.words if tag != "style")

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attrs)) for tag, attrs in self.elements]


def step(pipe: int, text: str = "x", **more: Any) -> dict[str, Any]:
    return {
        "pipe": pipe,
        "type": "set",
        "label": text,
        "start": 0.001,
        "elapsed": 0.002,
        "waited": 0.0,
        "exit": "success",
        "next": None,
        "input": {f"k{text}": [text, 1, None, True]},
        "output": {f"k{text}": [text, 1, None, True], "new": text},
        "error": None,
        "frame": None,
        "exchanges": [],
        "branches": [],
        **more,
    }


def exchange(text: str = "x", **more: Any) -> dict[str, Any]:
    return {
        "start": 0.001,
        "elapsed": 0.5,
        "request": {"method": "POST", "url": text, "headers": {f"h{text}": text}, "body": f"not JSON {text}"},
        "response": {"status": 503, "headers": {f"r{text}": text}, "body": f"raw {text}", "elapsed": 0.5},
        "failure": None,
        **more,
    }


def found(text: str = "x") -> dict[str, Any]:
    """A message with everything that a page can show, and this text in every place that holds one."""
    error = {"code": f"c{text}", "message": text, "pipe": 3}
    steps = [
        step(1, text, branches=[[step(4, text)], [step(4, text)]], branches_omitted=3),
        step(3, text, exit="error", error=error, frame=f"frame {text}", exchanges=[exchange(text)] * 2),
        step(5, text, exit="", omitted=7, waited=0.3, exchanges=[
            exchange(text, response=None, failure={"kind": f"k{text}", "message": text}),
            exchange(text, response=None),
        ]),
    ]  # fmt: skip
    return {
        "id": f"m{text}",
        "kind": "message",
        "channel": f"c{text}",
        "pipeline": "message",
        "mailing_id": f"i{text}",
        "launch_id": f"l{text}",
        "profile_id": f"p{text}",
        "origin_message": None,
        "state": "failed",
        "attempts": 2,
        "outcome": {"state": "failed", "pipe": 3, "error": error, "finished_at": 9.0, "resent": 1},
        "events": [
            {"time": 1.0, "event_type": f"e{text}", "action_type": 1, "reason": text, "data": None},
        ],
        "traces": [
            {
                "attempt": 2,
                "stored": 9.0,
                "state": "failed",
                "pipe": 3,
                "error": error,
                "events": [{"event_type": f"e{text}", "action_type": 1}],
                "handed_over": [{"pipe": 9, "due": 1.0}],
                "began": 5.0,
                "resumed_from": 1,
                "steps": steps,
            }
        ],
    }  # fmt: skip


HOSTILE = (
    st.text()
    | st.sampled_from(
        [
            "</style><script>alert(1)</script>",
            "</pre></details></main>",
            '" onmouseover="alert(1)',
            "' autofocus onfocus=alert(1) '",
            "<!--",
            "]]>",
            "&lt;img src=x onerror=alert(1)&gt;",
            "javascript:alert(1)",
            "\x00\x1b[2J\u202e\ud800",
            '{"a": "b',
            '\\"',
            "a\r\nb",
        ]
    )
).map(lambda text: f"z{text}z")


@given(HOSTILE)
@settings(max_examples=150)
def test_no_value_changes_the_page(text: str) -> None:
    made = trace_page(found(text))
    made.encode()
    page, plain = Page(made), Page(trace_page(found("zxz")))
    assert page.shape() == plain.shape()
    for _, attributes in page.elements:
        assert (attributes.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)


def test_nothing_is_fetched_and_no_script_is_run() -> None:
    made = trace_page(found())
    tags = {tag for tag, _ in Page(made).elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert "url(" not in made
    assert "@import" not in made
    policy = [each for tag, each in Page(made).elements if each.get("http-equiv")]
    assert [each["content"] for each in policy] == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    elements = Page(trace_page(found())).elements
    ids = Counter(attrs["id"] for _, attrs in elements if "id" in attrs)
    assert set(ids.values()) == {1}
    links = [(attrs["href"] or "").removeprefix("#") for _, attrs in elements if "href" in attrs]
    assert len(links) == 5
    assert set(links) <= set(ids)


def test_it_can_be_read_without_eyes() -> None:
    page = Page(trace_page(found(), [Picture("<svg><title>p</title></svg>", "drawn")]))
    assert ("html", {"lang": "en"}) in page.elements
    levels = [int(tag[1]) for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    tables = sum(tag == "table" for tag, _ in page.elements)
    assert sum(tag == "caption" for tag, _ in page.elements) == tables
    assert all(attrs.get("scope") in {"row", "col"} for tag, attrs in page.elements if tag == "th")


def test_all_is_there_that_the_trace_holds() -> None:
    text = Page(trace_page(found(), [Picture("<svg></svg>", "Drawn as it is now.")])).text()
    for part in (
        "Message mx failed",
        "1 request that may have arrived before",
        "1970-01-01 00:00:09.000+00:00",
        "Attempt 2",
        "at pipe 1 after an attempt that did not come to its end",
        "failed in pipe 3, events: ex (action 1), handed over to pipe 9",
        "5 runs of pipes",
        "Drawn as it is now.",
        "7 pipes before this one were not kept.",
        "3 more branches were not kept.",
        "300.0 ms of them for the rate limit",
        "Branch 1",
        "frame x",
        "Request 2",
        "POST x",
        "not JSON x",
        "Answer 2 after 500.0 ms",
        "503",
        "raw x",
        "No answer 1 after 500.0 ms",
        "No answer 2 was waited for.",
        '"new": "x"',
    ):
        assert part in text, part


def test_runs_are_numbered_as_in_the_picture() -> None:
    page = Page(trace_page(found()))
    badges = [attrs for tag, attrs in page.elements if tag == "article"]
    assert [each["id"] for each in badges] == [f"attempt-2-{number}" for number in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("body", "indented"), [('{"a":[1]}', True), ("[]", False), ("7", False), ("<a>", False), ("", False)]
)
def test_a_body_is_shown_raw_and_json_indented_as_well(body: str, *, indented: bool) -> None:
    sent = exchange()
    sent["response"]["body"] = body
    shown = found()
    shown["traces"][0]["steps"] = [step(3, exchanges=[sent])]
    page = Page(trace_page(shown))
    assert (body or "empty") in page.text()
    assert ("Indented" in page.text()) is indented


def test_without_traces_it_says_why() -> None:
    nothing = {**found(), "traces": [], "events": [], "outcome": None, "state": "pending"}
    page = Page(trace_page(nothing, note="no trace <is> stored"))
    assert "no trace <is> stored" in page.text()
    assert "Attempt 2" not in page.text()
