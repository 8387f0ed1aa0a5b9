"""A channel as a Mermaid flowchart: what GitHub and wikis draw by themselves."""

from collections.abc import Iterator, Sequence
from typing import Final

from akrun.picture.diagram import Diagram, Node, Way
from akrun.picture.overlay import Overlay
from akrun.picture.panel import marks_of
from akrun.picture.style import TONE_COLOURS, WAY_COLOURS

_LONGEST: Final = 160
_SHAPES: Final = {
    "start": ('(["', '"])'), "end": ('(("', '"))'), "failed": ('(("', '"))'), "schedule": ('>"', '"]'),
    "store": ('[("', '")]'), "sql": ('[("', '")]'), "selector": ('{{"', '"}}'), "pipe": ('["', '"]'),
}  # fmt: skip
_CLASSES: Final = """\
  classDef io fill:#eaf3fe,stroke:#7fb0e6,color:#1d2733
  classDef pure fill:#ffffff,stroke:#b9c5d1,color:#1d2733
  classDef mark fill:#ffffff,stroke:#2e7d32,color:#1d2733
  classDef bad fill:#fdecea,stroke:#c62828,color:#1d2733
  classDef target fill:#fff4e0,stroke:#a86400,color:#1d2733
  classDef taken fill:#e8f5e9,stroke:#2e7d32,stroke-width:3px,color:#1d2733
  classDef panel fill:#f7f9fb,stroke:#dbe2e9,color:#1d2733
  classDef branch fill:#faf6fd,stroke:#7b3fa8,stroke-dasharray:5 4,color:#7b3fa8
  classDef dim fill:#f7f9fb,stroke:#dbe2e9,color:#8a97a5"""
_TONES: Final = {
    "taken": "taken",
    "covered": "taken",
    "failed": "bad",
    "faulty": "bad",
    "missed": "bad",
    "dim": "dim",
}


def mermaid(diagrams: Sequence[Diagram], overlay: Overlay | None = None) -> str:
    """The flowchart: one subgraph for every pipeline, with what is laid over it."""
    lines = ["flowchart TB"]
    styles: list[str] = []
    for number, diagram in enumerate(diagrams):
        lines += _diagram(diagram, f"g{number}", overlay, styles)
    return "\n".join([*lines, *styles, _CLASSES, ""])


def _diagram(diagram: Diagram, prefix: str, overlay: Overlay | None, styles: list[str]) -> Iterator[str]:
    nodes, ways = marks_of(diagram, overlay)
    framed: set[str] = set()
    yield f'  subgraph {prefix}["{_text(f"{diagram.name}: {diagram.about}")}"]'
    yield "    direction TB"
    for group in reversed(diagram.groups):  # inner ones first: a node belongs to the innermost
        inside = [node for node in diagram.nodes if node.id in group.nodes and node.id not in framed]
        framed.update(node.id for node in inside)
        yield f'    subgraph {prefix}_b{group.pipe}["{_text(group.title)}"]'
        yield "      direction TB"
        for node in inside:
            mark = nodes.get(node.id)
            yield f"      {_node(node, prefix, mark.tone if mark else '', mark.text if mark else '')}"
        for other in diagram.groups:
            if other.nodes < group.nodes and not any(
                other.nodes < each.nodes < group.nodes for each in diagram.groups
            ):
                yield f"      {prefix}_b{other.pipe}"
        yield "    end"
    for node in diagram.nodes:
        if node.id not in framed:
            mark = nodes.get(node.id)
            yield f"    {_node(node, prefix, mark.tone if mark else '', mark.text if mark else '')}"
    yield "  end"
    yield f"  class {prefix} panel"
    for group in diagram.groups:
        yield f"  class {prefix}_b{group.pipe} branch"
    for index, way in enumerate(diagram.ways):
        mark = ways.get(index)
        yield f"  {_way(way, prefix, mark.text if mark else '')}"
        colour = WAY_COLOURS[way.kind]
        if mark is not None and mark.tone in ("covered", "missed"):
            colour = TONE_COLOURS[mark.tone]
        style = f"stroke:{colour}" + (",opacity:0.35" if mark is not None and mark.tone == "dim" else "")
        styles.append(f"  linkStyle {len(styles)} {style}")


def _node(node: Node, prefix: str, tone: str, badge: str) -> str:
    before, after = _SHAPES["selector" if node.title == "selector" else node.kind]
    parts = [node.title if node.pipe is None else f"{node.pipe} {node.title}", node.label]
    if node.event is not None:
        parts.append(node.event[0])
    parts += [node.detail, badge]
    text = "<br/>".join(_text(part) for part in parts if part)
    look = {"pipe": "io" if node.io else "pure", "start": "mark", "end": "mark", "failed": "bad"}
    return f"{prefix}_{node.id}{before}{text}{after}:::{_TONES.get(tone) or look.get(node.kind, 'target')}"


def _way(way: Way, prefix: str, badge: str) -> str:
    arrow = "-.->" if way.kind in ("error", "aside") else "-->"
    text = " · ".join(part for part in (way.label, badge) if part)
    label = f'|"{_text(text)}"|' if text else ""
    return f"{prefix}_{way.source} {arrow}{label} {prefix}_{way.target}"


def _text(text: str) -> str:
    """A text in quotes: what Mermaid or HTML would read as their own is written as an entity."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return "".join(each if each.isalnum() or each in " .,:/-_=?!+*·…%" else f"#{ord(each)};" for each in text)
