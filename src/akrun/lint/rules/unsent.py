"""L208: a `pack` whose body nothing sends or reads."""

from collections.abc import Iterator

from akrun.lint.finding import Complaint
from akrun.lint.reads import reads
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Pipe, Subject


def check(subject: Subject) -> Iterator[Complaint]:
    """See the rule."""
    by_place = {(each.graph.name, each.model.id): each for each in subject.pipes}
    for each in subject.pipes:
        if each.model.type == "pack" and each.graph.whole and not _is_used(each, by_place):
            message = "nothing sends the body that this `pack` makes"
            hint = "an `http_request` sends it by `content_type: json` or `xml`; its default is `form`"
            yield subject.at((*each.at, "type"), message, hint)


def _is_used(packed: Pipe, by_place: dict[tuple[str, int], Pipe]) -> bool:
    """Whether some way from a `pack` leads to a reader of its body before to what replaces that."""
    graph = packed.graph
    seen: set[int] = set()
    left = [edge.target for edge in graph.ways[packed.model.id] if edge.exit == "success"]
    if not left:
        return False
    while left:
        pipe_id = left.pop()
        if pipe_id in seen:
            continue
        seen.add(pipe_id)
        following = by_place[graph.name, pipe_id]
        if _reads_body(following):
            return True
        kept = following.spec is None or "body" not in following.spec.writes
        left += [edge.target for edge in graph.ways[pipe_id] if kept or edge.exit == "error"]
    return _ends_a_branch(packed)


def _reads_body(each: Pipe) -> bool:
    if each.spec is None or each.compiled is None:
        return True
    if each.spec.name == "http_request":
        constant = each.compiled.content_type.constant
        if constant is None or constant in ("json", "xml"):
            return True
    elif "body" in each.spec.reads:
        return True
    return any(
        read.root == "in" and read.key in (None, "body", "parent")
        for held in each.templates()
        for read in reads(held.template.nodes)
    )


def _ends_a_branch(packed: Pipe) -> bool:
    """Whether it stands in a branch, of which everything is left in `$in.items`."""
    graph = packed.graph
    entries = [edge.target for edge in graph.edges if edge.exit == "branch"]
    return packed.model.id in graph.reached(entries)


_PACK = pipe(1, "pack", template={"phone": "$subscription.phone"}, outs={"success": 2})

RULE = Rule(
    id="L208",
    severity="warning",
    title="A `pack` whose body nothing sends",
    explanation=(
        "`pack` leaves a body in `$in.body`. No `http_request` on the ways behind it sends that, and "
        "nothing else reads it. Most often the request lacks its `content_type`: it is a form unless it "
        "says otherwise."
    ),
    cure="Say `content_type: json` (or `xml`) in the request, or remove the `pack`.",
    bad=pipes(_PACK, pipe(2, "http_request", url="https://api.example/messages", method="POST")),
    good=pipes(
        _PACK,
        pipe(2, "http_request", url="https://api.example/messages", method="POST", content_type="json"),
    ),
    check=check,
    whole=True,
)
