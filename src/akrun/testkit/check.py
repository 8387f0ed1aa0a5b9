"""Expectations against what came: what does not fit, each with its place in the file and a diff."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from akrun.testkit.bench import Bench
from akrun.testkit.compare import Comparison, Wanted, compare
from akrun.testkit.diff import diff, path_text, written
from akrun.testkit.format.expect import Expect, ListExpectation, full
from akrun.testkit.json_path import MISSING
from akrun.testkit.lists import Pairing, paired
from akrun.testkit.matchers import matcher_of, unfitting
from akrun.testkit.observed import Observed
from akrun.testkit.path import path_fits, shown_path
from akrun.testkit.seen import url_fits

At = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as expected.

    Attributes:
        title: what it is about: `requests[0].json.to`, or a sentence.
        lines: more about it, such as a diff.
        at: the path of the expectation in the test file.
    """

    title: str
    lines: tuple[str, ...] = ()
    at: At = ()


def check(expect: Expect, observed: Observed, at: At) -> Iterator[Finding]:
    """What is not as expected; `at` is where the expectation stands in the file."""
    found = list(_findings(expect, observed, at))
    if found and (why := _why(expect, observed)):
        number = next((number for number, each in enumerate(found) if each.at == (*at, "state")), 0)
        found[number] = replace(found[number], lines=(*found[number].lines, "", *why))
    yield from found


def _findings(expect: Expect, observed: Observed, at: At) -> Iterator[Finding]:
    for name, wanted in expect.given.items():
        place = (*at, name)
        got = observed.value(name)
        if isinstance(wanted, ListExpectation):
            yield from _list(name, wanted, got, place)
        elif name == "path":
            yield from _path(wanted, got, observed, place)
        elif name == "counts":
            yield from _counts(wanted, got, place)
        elif name == "error" and wanted is None and got is not None:
            yield Finding("error: none was expected", tuple(f"  {line}" for line in written(got)), place)
        else:
            yield from _one(name, compare(wanted, got), place)


def _why(expect: Expect, observed: Observed) -> list[str]:
    """The error of a run that was not expected to fail: it tells why the rest is not as expected."""
    foreseen = {"error", "dead_letters", "counts"} & expect.given.keys()
    if foreseen or expect.given.get("state", "done") != "done":
        return []
    ends = [each.trace.steps[-1] for each in observed.entered if each.trace is not None and each.trace.steps]
    if frame := next((step.frame for step in ends if step.frame is not None), None):
        return [f"  {line}" for line in frame.splitlines()]
    error = observed.value("error")
    return [f"  {line}" for line in written({"error": error})] if error not in (None, MISSING) else []


def _one(title: str, compared: Comparison, at: At) -> Iterator[Finding]:
    if compared.fits:
        return
    first = path_text(compared.first or ())
    where = f"{title}.{first}" if first and not first.startswith("[") else title + first
    yield Finding(where, tuple(_diff(compared)), at)


def _path(wanted: list[Any], got: Any, observed: Observed, at: At) -> Iterator[Finding]:
    labels = _labels(observed.world.bench, observed)
    if got is MISSING:
        yield Finding("path: nothing ran", (), at)
    elif not path_fits(wanted, got, labels):
        named = labels if any(isinstance(each, str) and each in labels.values() for each in wanted) else {}
        lines = (f"- {shown_path(wanted, {})}", f"+ {shown_path(got, named)}")
        yield Finding("path: it went another way", lines, at)


def _labels(bench: Bench, observed: Observed) -> Mapping[int, str]:
    run = next((each for each in observed.entered if each.trace is not None), None)
    if run is None:
        return {}
    compiled = bench.compiled
    pipelines = {**compiled.pipelines, **{".".join(key): each for key, each in compiled.operations.items()}}
    return {step.id: step.label for step in pipelines[run.pipeline].steps.values() if step.label}


def _counts(wanted: Mapping[str, Any], got: Mapping[str, int], at: At) -> Iterator[Finding]:
    whole = {**dict.fromkeys(got, 0), **wanted}
    yield from _one("counts", compare(whole, {**dict.fromkeys(wanted, 0), **got}), at)


# ------------------------------------------------------------------------------------------------ lists


def _list(name: str, wanted: ListExpectation, got: list[Any], at: At) -> Iterator[Finding]:
    if wanted.count is not None:
        yield from _one(f"{name}.count", compare(wanted.count, len(got)), at)
    for index, item in enumerate(wanted.never or ()):
        for place, value in enumerate(got):
            if _item_fits(name, item, value):
                title = f"{name}[{place}] is one that must never be"
                yield Finding(
                    title, tuple(f"  {line}" for line in written(_short(name, value))), (*at, "never", index)
                )
                break
    if wanted.exactly is not None:
        yield from _exactly(name, wanted.exactly, got, at)
    if wanted.any_order is not None:
        yield from _any_order(name, wanted.any_order, got, at)
    if wanted.contains is not None:
        yield from _contains(name, wanted.contains, got, at)


def _exactly(name: str, wanted: Sequence[Any], got: Sequence[Any], at: At) -> Iterator[Finding]:
    pairs = paired(wanted, got, lambda a, b: compare_item(name, a, b))
    yield from _unpaired(name, pairs, at)


def _any_order(name: str, wanted: Sequence[Any], got: Sequence[Any], at: At) -> Iterator[Finding]:
    """As many as possible get a value that fits; what is left is shown beside what is nearest."""
    left = unfitting(list(wanted), list(got), lambda a, b: _item_fits(name, a, b))
    over = unfitting(list(got), list(wanted), lambda b, a: _item_fits(name, a, b))
    pairs = []
    for index in left:
        compared = [(place, compare_item(name, wanted[index], got[place])) for place in over]
        place, nearest = max(compared, key=lambda pair: pair[1].likeness, default=(None, None))
        if place is not None and nearest is not None and nearest.likeness > 0:
            over.remove(place)
            pairs.append(Pairing(index, place, wanted[index], got[place], nearest))
        else:
            pairs.append(Pairing(index, None, wanted[index], None, None))
    pairs += [Pairing(None, place, None, got[place], None) for place in over]
    yield from _unpaired(name, pairs, at)


def _contains(name: str, wanted: Sequence[Any], got: Sequence[Any], at: At) -> Iterator[Finding]:
    start = 0
    for index, item in enumerate(wanted):
        found = next((place for place in range(start, len(got)) if _item_fits(name, item, got[place])), None)
        if found is None:
            compared = [(place, compare_item(name, item, got[place])) for place in range(start, len(got))]
            nearest = max(compared, key=lambda pair: pair[1].likeness, default=None)
            pairing = Pairing(index, None, item, None, None)
            yield from _missing(name, pairing, (*at, "contains", index), nearest)
        else:
            start = found + 1


def _unpaired(name: str, pairs: Sequence[Pairing], at: At) -> Iterator[Finding]:
    for each in pairs:
        if each.compared is not None:
            yield from _one(f"{name}[{each.place}]", each.compared, (*at, each.index or 0))
        elif each.index is None:
            title = f"{name}[{each.place}] was not expected"
            yield Finding(title, tuple(f"+ {line}" for line in written(_short(name, each.got))), at)
        else:
            yield from _missing(name, each, (*at, each.index), None)


def _missing(
    name: str, pairing: Pairing, at: At, nearest: tuple[int, Comparison] | None
) -> Iterator[Finding]:
    title = f"{name}: there is none like this"
    lines = [f"- {line}" for line in written(_wanted(full(name, pairing.wanted)))]
    if nearest is not None:
        lines += ["", f"nearest is {name}[{nearest[0]}]", *_diff(nearest[1])]
    yield Finding(title, tuple(lines), at)


def _item_fits(name: str, wanted: Any, got: Any) -> bool:
    return compare_item(name, wanted, got).fits


def compare_item(name: str, wanted: Any, got: Any) -> Comparison:
    """Compare an item of a list; the addresses of requests may have `*` in them."""
    wanted = full(name, wanted)
    if name == "requests" and isinstance(wanted, dict) and isinstance(got, dict):
        wanted = dict(wanted)
        for key in ("url", "address"):
            if isinstance(wanted.get(key), str) and url_fits(wanted[key], got):
                wanted[key] = got[key]
    if name == "runs" and isinstance(wanted, dict) and isinstance(wanted.get("path"), list):
        fit = path_fits(wanted["path"], got["path"], {})
        wanted = {**wanted, "path": got["path"] if fit else wanted["path"]}
    return compare(wanted, got)


def _short(name: str, value: Any) -> Any:
    """What is worth showing of an item that nobody expected."""
    if not isinstance(value, dict):
        return value
    kept = {key: each for key, each in value.items() if each not in (None, {}, "", [])}
    if name == "requests":
        kept = {key: each for key, each in kept.items() if key not in ("address", "at", "headers")}
        if any(key in kept for key in ("json", "form", "xml")):
            kept.pop("body", None)
        if "query" in kept:
            kept.pop("query")
    return kept


def _wanted(value: Any) -> Any:
    """An expectation with its matchers as they are written."""
    found = matcher_of(value)
    if found is not None:
        return Wanted(found[0].name, found[1])
    if isinstance(value, dict):
        return {key: _wanted(each) for key, each in value.items()}
    return [_wanted(each) for each in value] if isinstance(value, list) else value


def _diff(compared: Comparison) -> list[str]:
    return diff(compared.wanted, compared.got)
