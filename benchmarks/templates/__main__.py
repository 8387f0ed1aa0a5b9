"""`python -m benchmarks.templates [--quick] [WORK …]`: measure the template language and its peers.

Writes `benchmarks/results/templates.json` and `.md`, and prints the tables.
"""

import argparse
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks import report
from benchmarks.measure import Timing, compared
from benchmarks.templates import cold, hand_written, node_peers, peers
from benchmarks.templates.work import WORK, Work

if TYPE_CHECKING:
    from collections.abc import Callable

HAND = "hand-written"
OURS = "aktmpl"


def main() -> None:
    """Run what the command line asks for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--quick", action="store_true", help="few rounds, aktmpl and the hand-written functions only"
    )
    options.add_argument("--rounds", type=int, help="rounds of each comparison (60; 15 with --quick)")
    options.add_argument("work", nargs="*", help="letters of the work to do; all unless given")
    given = options.parse_args()
    rounds = given.rounds or (15 if given.quick else 60)
    chosen = [each for each in WORK if not given.work or each.name in given.work]
    result: dict[str, Any] = {"circumstances": report.circumstances(), "work": {}, "cold": {}}
    with ExitStack() as stack:
        node = None
        if not given.quick and node_peers.available():
            node = stack.enter_context(node_peers.Node())
        for work in chosen:
            found, left_out = measure(work, rounds, node, quick=given.quick)
            result["work"][work.name] = {
                "title": work.title,
                "target": work.target,
                "timings": report.timings(found),
                "left out": left_out,
            }
            print(line(work, found), flush=True)
    if not given.work:
        result["cold"] = cold.compile_times(max(5, rounds // 4)) | cold.process_times(max(5, rounds // 6))
    markdown = tables(result)
    report.save("templates", result, markdown)
    print(markdown, end="")


def measure(
    work: Work, rounds: int, node: node_peers.Node | None, *, quick: bool
) -> tuple[dict[str, Timing], dict[str, str]]:
    """Times of all engines that give the right result, and why others do not count."""
    functions: dict[str, Callable[[], Any]] = {HAND: hand_written.function_of(work), OURS: peers.ours(work)}
    right = functions[OURS]()
    assert peers.same(functions[HAND](), right), f"the hand-written {work.name} gives something else"
    left_out: dict[str, str] = {}
    for name, (module, make) in peers.PEERS.items():
        if quick or find_spec(module) is None:
            continue
        try:
            function = make(work)
            if function is None:
                continue
            if peers.same(function(), right):
                functions[name] = function
            else:
                left_out[name] = "gives something else"
        except Exception as error:  # noqa: BLE001 - whatever an engine raises, it cannot do this work
            left_out[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    outside: dict[str, Callable[[float], float]] = {}
    for engine in node_peers.ENGINES if node else ():
        assert node is not None
        made = node.make(engine, work)
        if made is None:
            continue
        if peers.same(made, right):
            outside[f"{engine} (Node)"] = lambda seconds, engine=engine: node.turn(engine, work, seconds)  # type: ignore[misc]
        else:
            left_out[f"{engine} (Node)"] = "gives something else"
    return compared(functions, rounds, outside=outside), left_out


def line(work: Work, found: dict[str, Timing]) -> str:
    """One line about one piece of work while the rest is still being measured."""
    own = found[OURS]
    verdict = "" if own.ratio <= work.target else f"  above {work.target}"
    time = f"{own.seconds * 1e9:9,.0f} ns"
    return f"{work.name:3} {work.title:45} {time}  {own.ratio:5.2f} of hand-written{verdict}"


def tables(result: dict[str, Any]) -> str:
    """Markdown: ratios to the hand-written functions, then what is paid once."""
    work = result["work"]
    engines = dict.fromkeys(engine for each in work.values() for engine in each["timings"])
    rows = [
        [engine, *(report.ratio(each["timings"].get(engine, {}).get("ratio")) for each in work.values())]
        for engine in engines
    ]
    base = [f"{each['timings'][HAND]['seconds'] * 1e6:.2f} µs" for each in work.values()]
    spread = [f"±{each['timings'][OURS]['spread']:.0%}" for each in work.values()]
    rows += [["*target for aktmpl*", *(f"{each['target']}" for each in work.values())]]
    rows += [["*hand-written, time*", *base], ["*aktmpl, spread of the rounds*", *spread]]
    text = report.table(["engine", *work], rows)
    if result["cold"]:
        text += "\n" + report.table(
            ["paid once", "ms", "target"],
            [
                [name, f"{value * 1e3:.1f}", f"{cold.TARGETS[name] * 1e3:.0f}"]
                for name, value in result["cold"].items()
            ],
        )
    about = result["circumstances"]
    return text + f"\n{about['date']}, {about['commit']}, {about['python']}, {about['machine']}\n"


if __name__ == "__main__":
    main()
