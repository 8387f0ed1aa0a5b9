"""Laws of the layout: nothing overlaps, and links keep to their boxes."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from akrun.picture.layout import Box, Layout, Link, Point, Route, arrange

NEAR = 1e-6

Drawn = tuple[list[Box], list[Link]]
Sides = tuple[float, float, float, float]

sizes = st.integers(8, 260).map(float)
labels = st.one_of(
    st.just((0.0, 0.0)), st.tuples(st.integers(10, 180).map(float), st.integers(10, 60).map(float))
)


@st.composite
def drawings(draw: st.DrawFn) -> Drawn:
    boxes = [Box(f"b{number}", draw(sizes), draw(sizes)) for number in range(draw(st.integers(0, 7)))]
    if not boxes:
        return [], []
    names = st.sampled_from([box.id for box in boxes])
    links = st.lists(st.builds(Link, names, names, labels, st.booleans()), max_size=12)
    return boxes, draw(links)


def chain(*ids: str) -> Drawn:
    boxes = [Box(name, 40.0 + 30 * len(name), 30.0) for name in dict.fromkeys(ids)]
    return boxes, [Link(one, two, (30.0, 12.0), straight=True) for one, two in pairwise(ids)]


def box_sides(drawn: Drawn, layout: Layout) -> dict[str, Sides]:
    """Left, top, right, bottom of every box."""
    corners = layout.boxes
    return {
        box.id: (at.x, at.y, at.x + box.width, at.y + box.height)
        for box in drawn[0]
        for at in [corners[box.id]]
    }


def label_sides(drawn: Drawn, layout: Layout) -> dict[str, Sides]:
    """The same of every label."""
    found = {}
    for number, (link, route) in enumerate(zip(drawn[1], layout.routes, strict=True)):
        (width, height), (x, y) = link.label, route.label
        if width:
            found[f"label {number}"] = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return found


def points(route: Route) -> Iterator[Point]:
    """Points of the route, 12 on each curve."""
    before = route.start
    for first, second, end in route.curves:
        for step in range(13):
            t = step / 12
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            corners = (before, first, second, end)
            yield Point(
                sum(weight * corner.x for weight, corner in zip(weights, corners, strict=True)),
                sum(weight * corner.y for weight, corner in zip(weights, corners, strict=True)),
            )
        before = end


LOOP = chain("a", "b", "c", "a")
SELF = chain("a", "a")


@settings(max_examples=100)
@given(drawings())
@example(LOOP)
@example(SELF)
def test_boxes_and_labels_do_not_overlap(drawn: Drawn) -> None:
    layout = arrange(*drawn)
    placed = list((box_sides(drawn, layout) | label_sides(drawn, layout)).items())
    for index, (name, (left, top, right, bottom)) in enumerate(placed):
        for other, (x1, y1, x2, y2) in placed[index + 1 :]:
            apart = right <= x1 + NEAR or x2 <= left + NEAR or bottom <= y1 + NEAR or y2 <= top + NEAR
            assert apart, (name, other)


@settings(max_examples=100)
@given(drawings())
@example(LOOP)
@example(SELF)
def test_links_lead_from_the_lower_side_of_a_box_to_the_upper_side_of_another(drawn: Drawn) -> None:
    layout = arrange(*drawn)
    placed = box_sides(drawn, layout)
    for link, route in zip(drawn[1], layout.routes, strict=True):
        left, _, right, bottom = placed[link.source]
        assert abs(route.start.y - bottom) < NEAR
        assert left - NEAR <= route.start.x <= right + NEAR
        left, top, right, _ = placed[link.target]
        assert abs(route.end.y - top) < NEAR
        assert left - NEAR <= route.end.x <= right + NEAR
        last = route.curves[-1]
        assert last.second.x == route.end.x, "it arrives from straight above"
        assert min(last.first.y, last.second.y) < route.end.y


@settings(max_examples=100)
@given(drawings())
@example(LOOP)
@example(SELF)
def test_links_go_through_no_box_and_stay_in_the_picture(drawn: Drawn) -> None:
    layout = arrange(*drawn)
    placed = box_sides(drawn, layout)
    for route in layout.routes:
        for x, y in points(route):
            assert -NEAR <= x <= layout.width + NEAR
            assert -NEAR <= y <= layout.height + NEAR
            for name, (left, top, right, bottom) in placed.items():
                inside = left + NEAR < x < right - NEAR and top + NEAR < y < bottom - NEAR
                assert not inside, name


@settings(max_examples=100)
@given(drawings())
def test_the_same_input_gives_the_same_layout(drawn: Drawn) -> None:
    assert arrange(*drawn) == arrange(*drawn)


@settings(max_examples=100)
@given(drawings())
def test_everything_stands_in_the_picture(drawn: Drawn) -> None:
    layout = arrange(*drawn)
    assert list(layout.boxes) == [box.id for box in drawn[0]]
    assert len(layout.routes) == len(drawn[1])
    for left, top, right, bottom in (
        *box_sides(drawn, layout).values(),
        *label_sides(drawn, layout).values(),
    ):
        assert left >= -NEAR
        assert top >= -NEAR
        assert right <= layout.width + NEAR
        assert bottom <= layout.height + NEAR


@settings(max_examples=100)
@given(st.integers(2, 12))
def test_a_chain_is_a_straight_line(length: int) -> None:
    layout = arrange(*chain(*(f"{number}" for number in range(length))))
    xs = {
        round(point.x, 6)
        for route in layout.routes
        for curve in route.curves
        for point in (route.start, *curve)
    }
    assert len(xs) == 1


def test_the_straight_link_of_a_fork_is_straight_and_the_others_are_not() -> None:
    boxes = [Box(name, 100.0, 30.0) for name in "abcd"]
    links = [Link("a", "b"), Link("a", "c", straight=True), Link("a", "d")]
    layout = arrange(boxes, links)
    middles = {name: at.x for name, at in layout.boxes.items()}
    assert middles["a"] == middles["c"]
    assert middles["b"] < middles["a"] < middles["d"]


def test_a_loop_is_led_around_beside_its_boxes() -> None:
    layout = arrange(*LOOP)
    back = layout.routes[-1]
    assert back.start.y > layout.boxes["c"].y > layout.boxes["a"].y >= back.end.y
    outside = max(at.x for at in layout.boxes.values()) + 70
    assert any(point.x >= outside or point.x <= min(layout.boxes["a"]) for point in points(back))


def test_a_gate_is_where_links_enter() -> None:
    layout = arrange([Box("a", 40, 20), Box("b", 200, 90, gate=-60.0)], [Link("a", "b")])
    assert layout.routes[0].end.x == layout.boxes["b"].x + 100 - 60
