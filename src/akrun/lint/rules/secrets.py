"""L305, L306, L307: a secret in an address, in the log, or in the store."""

from collections.abc import Iterator
from typing import Any

from akrun.engine.compile import secret_fields
from akrun.graph import Graph
from akrun.lint.finding import Complaint
from akrun.lint.reads import Read, reads
from akrun.lint.rule import Rule, pipe, pipes
from akrun.lint.subject import Placed, Subject
from akrun.model.fields import data_fields
from akrun.pipes.pure.set import SetPipe
from aktmpl.nodes import Entry

Secret = tuple[str, ...]
"""A root and the path of a secret below it."""


def _check(
    subject: Subject, pipe_type: str, parameters: tuple[str, ...], what: str, hint: str
) -> Iterator[Complaint]:
    known: dict[str, set[Secret]] = {}
    for placed in subject.templates:
        if placed.pipe is None or placed.pipe.model.type != pipe_type or not _goes_there(placed, parameters):
            continue
        graph = placed.pipe.graph
        if graph.name not in known:
            known[graph.name] = secrets_in(subject, graph)
        for read in placed.reads:
            name = secret_in(read, known[graph.name])
            if name is not None:
                yield Complaint(f"the secret `{name}` {what}", read.source, read.whole_span, hint)


def _goes_there(placed: Placed, parameters: tuple[str, ...]) -> bool:
    if placed.parameter != "form":
        return placed.parameter in parameters
    assert placed.pipe is not None
    request = placed.pipe.compiled
    in_query = (
        request.method.constant in ("GET", "DELETE", "HEAD") and request.content_type.constant == "form"
    )
    return in_query and "form" in parameters


def secret_in(read: Read, known: set[Secret]) -> str | None:
    """The secret that a path leads to, or to an object around; None if it leads to none."""
    path = (read.root, *map(str, read.path))
    for secret in sorted(known):
        length = min(len(path), len(secret))
        if path[:length] == secret[:length]:
            return ".".join(secret)
    return None


def secrets_in(subject: Subject, graph: Graph) -> set[Secret]:
    """The secrets that templates of a pipeline may meet: fields, and what `set` pipes made of them."""
    known: set[Secret] = {(root, *path.split(".")) for root, path in secret_fields(subject.channel)}
    for field in data_fields(subject.input_of(graph)):
        if field.secret:
            known |= {(root, *field.name.split(".")) for root in ("in", "origin")}
    entries = [
        (entry.key.constant, tuple(reads(entry.value)))
        for each in subject.pipes
        if each.graph is graph and isinstance(each.compiled, SetPipe)
        for entry in each.compiled.data.nodes.children()
        if isinstance(entry, Entry) and entry.key.constant is not None
    ]
    while True:  # what is made of a secret may be made into something else
        made = {("in", name) for name, found in entries if any(secret_in(read, known) for read in found)}
        if made <= known:
            return known
        known |= made


_BEARER: dict[str, Any] = {"auth_type": "bearer", "auth_token": "$sender.key"}

URL = Rule(
    id="L305",
    severity="warning",
    title="A secret in an address",
    explanation=(
        "Addresses are written down on their way: by the service, by proxies, in logs of others. What was "
        "made of a secret by a `set` counts as secret too."
    ),
    cure=(
        "Send it in a header: `auth_token`, `auth_password` or `headers`. If the service takes it in the "
        "address only, allow it with that reason."
    ),
    bad=pipes(pipe(1, "http_request", url="https://api.example/send?key=$sender.key")),
    good=pipes(pipe(1, "http_request", url="https://api.example/send", **_BEARER)),
    check=lambda subject: _check(
        subject,
        "http_request",
        ("url", "form"),
        "goes into the address",
        "send it in a header: `auth_token` or `headers`",
    ),
)

LOG = Rule(
    id="L306",
    severity="warning",
    title="A secret in the log",
    explanation=(
        "The log shows `***` in its place, so it tells nothing there; and what a template makes of a "
        "secret, such as its first letters or a hash of it, is not masked."
    ),
    cure="Leave it out.",
    bad=pipes(pipe(1, "log", message="sending with $sender.key")),
    good=pipes(pipe(1, "log", message="sending to $subscription.phone")),
    check=lambda subject: _check(
        subject, "log", ("message", "prefix"), "is written to the log", "leave it out"
    ),
)

STORE = Rule(
    id="L307",
    severity="error",
    title="A secret in the store",
    explanation=(
        "Everything else that lies on the disk is kept without the channel's secrets; what `store_set` "
        "keeps is kept as it is."
    ),
    cure="Read the field where it is needed; it is there in every pipeline.",
    bad=pipes(pipe(1, "store_set", key="key", value="$sender.key", ttl=60)),
    good=pipes(pipe(1, "store_set", key="phone", value="$subscription.phone", ttl=60)),
    check=lambda subject: _check(
        subject,
        "store_set",
        ("key", "value", "table"),
        "is kept in the store as it is",
        "read the field where it is needed",
    ),
)
