"""Pictures as SVG: whole, well-formed, without overlaps, the same every time."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from hypothesis import example, given, settings

from akrun.graph import graphs_of
from akrun.model.channel import Channel
from akrun.picture import Mark, Overlay, graph_svg
from akrun.picture.diagram import diagrams_of
from akrun.picture.page import page
from akrun.picture.panel import panel_of
from tests.akrun.picture.channels import BRANCHES, channel, channels
from tests.akrun.pipes.bench import pipe

SVG = "{http://www.w3.org/2000/svg}"


def texts(root: ET.Element) -> str:
    return " ".join("".join(each.itertext()) for each in root.iter(f"{SVG}text"))


def attributes(root: ET.Element, name: str) -> Iterator[str]:
    return (each.attrib[name] for each in root.iter() if name in each.attrib)


@settings(max_examples=100)
@given(channels)
@example(BRANCHES)
def test_all_nodes_and_ways_are_drawn(drawn: Channel) -> None:
    text = graph_svg(drawn)
    assert text == graph_svg(drawn)
    root = ET.fromstring(text)
    (diagram,) = diagrams_of(drawn)
    assert list(attributes(root, "data-node")) == [node.id for node in diagram.nodes]
    drawn_ways = sorted(zip(attributes(root, "data-source"), attributes(root, "data-target"), strict=True))
    assert drawn_ways == sorted((way.source, way.target) for way in diagram.ways)


@settings(max_examples=100)
@given(channels)
@example(BRANCHES)
def test_nodes_do_not_overlap_and_stand_in_their_frames(drawn: Channel) -> None:
    (diagram,) = diagrams_of(drawn)
    panel = panel_of(diagram)
    sides = {
        node: (at.x, at.y, at.x + panel.faces[node].width, at.y + panel.faces[node].height)
        for node, at in panel.places.items()
    }
    placed = list(sides.items())
    for index, (name, (left, top, right, bottom)) in enumerate(placed):
        assert min(left, top, panel.width - right, panel.height - bottom) >= -1e-6
        for other, (x1, y1, x2, y2) in placed[index + 1 :]:
            assert right <= x1 + 1e-6 or x2 <= left + 1e-6 or bottom <= y1 + 1e-6 or y2 <= top + 1e-6, (
                name,
                other,
            )
    for frame in panel.frames:
        x1, y1 = frame.corner
        for name, (left, top, right, bottom) in placed:
            inside = x1 < left and y1 < top and right < x1 + frame.width and bottom < y1 + frame.height
            assert inside == (name in frame.group.nodes)


@settings(max_examples=100)
@given(channels)
@example(BRANCHES)
def test_ways_lead_from_node_to_node_also_into_frames(drawn: Channel) -> None:
    (diagram,) = diagrams_of(drawn)
    panel = panel_of(diagram)
    assert sorted(panel.routes) == list(range(len(diagram.ways)))
    for index, route in panel.routes.items():
        way = diagram.ways[index]
        source, target = panel.places[way.source], panel.places[way.target]
        assert abs(route.start.y - source.y - panel.faces[way.source].height) < 1e-6
        assert source.x - 1e-6 <= route.start.x <= source.x + panel.faces[way.source].width + 1e-6
        assert abs(route.end.y - target.y) < 1e-6
        assert target.x - 1e-6 <= route.end.x <= target.x + panel.faces[way.target].width + 1e-6


def test_texts_are_texts_and_what_does_not_fit_is_in_the_tip() -> None:
    label = "A very long label that goes on and on: " + "words " * 40
    drawn = channel(
        {"id": 1, "label": label, **pipe("http_request", url="https://a.example/<b>&c")}, name="A & <B>"
    )
    root = ET.fromstring(graph_svg(drawn))
    assert "A & <B>" in texts(root)
    assert "A very long label" in texts(root)
    assert "https://a.example/<b>&c" in texts(root)
    assert "…" in texts(root)
    tips = ["".join(each.itertext()) for each in root.iter(f"{SVG}title")]
    assert any(label in tip for tip in tips)


def test_one_pipeline_alone() -> None:
    (graph,) = graphs_of(BRANCHES)
    root = ET.fromstring(graph_svg(graph))
    assert "message" in texts(root)
    assert "Test" not in texts(root)


def test_it_needs_nothing_else_and_is_light_or_dark() -> None:
    text = graph_svg(BRANCHES)
    assert not re.search(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#)", text.replace('xmlns="', ""))
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text


def test_hand_overs_are_links_to_the_panel_of_schedule() -> None:
    parts = {
        "message": [{"id": 1, **pipe("scheduled", pipe_id=4, template={})}],
        "schedule": [{"id": 4, **pipe("log")}],
    }
    root = ET.fromstring(graph_svg(channel(pipelines=parts)))
    (link,) = root.iter(f"{SVG}a")
    assert link.attrib["href"].removeprefix("#") in set(attributes(root, "id"))


def test_an_overlay_marks_pipes_exits_and_what_belongs_to_them() -> None:
    overlay = Overlay(
        "tests of today",
        frozenset(["message"]),
        {("message", 1): Mark("covered", "12 times")},
        {("message", 1, "success"): Mark("covered", "12")},
        aside="missed",
    )
    root = ET.fromstring(graph_svg(BRANCHES, overlay))
    assert "tests of today" in texts(root)
    assert "12 times" in texts(root)
    tones = {
        each.attrib["data-node"]: each.attrib["class"].split()[-1]
        for each in root.iter()
        if "data-node" in each.attrib
    }
    assert tones["start1"] == tones["p1"] == "covered"
    assert tones["p9"] == tones["end9"] == tones["to4"] == "missed"


def test_a_page_around_it() -> None:
    text = page("A <b>", graph_svg(BRANCHES))
    assert "<title>A &lt;b&gt;</title>" in text
    assert text.count("</svg>") == 1
