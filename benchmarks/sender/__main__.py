"""Messages a second through the demo's message pipeline, in rounds with a bare loop over the same client.

    python -m benchmarks.sender [--quick] [--messages N] [--rounds N] [--node-red FOLDER] [--uvloop]
    python -m benchmarks.sender --curves [--largest N] [--uvloop]

Both post the same bodies with the same headers to the same service in another process. Ratios count; absolute
numbers are the machine's. Results are written to `benchmarks/results/`, curves to `docs/`.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.sender import curves
from benchmarks.sender.node_red import NodeRed
from benchmarks.sender.work import Sent, Work, bare, run, sent, service

LOADS: Sequence[tuple[int, int]] = ((64, 0), (256, 0), (64, 20), (256, 20))
"""Messages at once, and milliseconds that the service takes."""


def measure(
    work: Work, latency: int, rounds: int, node_red: NodeRed | None, *, uvloop: bool
) -> dict[str, Any]:
    """One row: medians over the rounds, and of the ratios within a round."""
    found: dict[str, list[Sent]] = {"bare": [], "akrun": [], "node-red": []}
    with service(latency) as url:
        for _ in range(rounds):
            found["bare"].append(run(bare(url, work), uvloop=uvloop))
            found["akrun"].append(run(sent(url, work), uvloop=uvloop))
            if node_red is not None:
                found["node-red"].append(Sent(node_red.send(url, work), 0.0))
    shares = [ours.seconds for ours in found["akrun"]]
    shares = [other.seconds / own for other, own in zip(found["bare"], shares, strict=True)]
    row: dict[str, Any] = {
        "at once": work.concurrency,
        "latency, ms": latency,
        "bare loop/s": rate(work, found["bare"]),
        "akrun/s": rate(work, found["akrun"]),
        "share": round(statistics.median(shares), 2),
        "spread": f"{min(shares):.2f}-{max(shares):.2f}",
        "µs CPU, bare": micro(work, [each.cpu for each in found["bare"]]),
        "µs CPU, loop": micro(work, [each.loop for each in found["akrun"]]),
        "µs CPU, writer": micro(work, [each.cpu - each.loop for each in found["akrun"]]),
        "messages/commit": round(work.messages / statistics.median(each.commits for each in found["akrun"])),
    }
    if node_red is not None:
        row["Node-RED/s"] = rate(work, found["node-red"])
        row["times Node-RED"] = round(row["akrun/s"] / row["Node-RED/s"], 1)
    return row


def rate(work: Work, rounds: list[Sent]) -> int:
    """Messages a second, the median."""
    return round(work.messages / statistics.median(each.seconds for each in rounds))


def micro(work: Work, seconds: list[float]) -> int:
    """Microseconds a message, the median."""
    return round(statistics.median(seconds) / work.messages * 1e6)


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sender")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two loads in seconds; nothing is saved")
    parser.add_argument("--node-red", type=Path, metavar="FOLDER", help="installed there, if it is not")
    parser.add_argument("--uvloop", action="store_true", help="the event loop of uvloop, for both")
    parser.add_argument("--curves", action="store_true", help="cost as work grows, as CSV and SVG in docs/")
    parser.add_argument("--largest", type=int, default=100_000, help="largest audience of the curves")
    given = parser.parse_args()
    if given.curves:
        curves.write(given.largest, uvloop=given.uvloop)
        return
    messages, rounds, loads = given.messages, given.rounds, LOADS
    if given.quick:
        messages, rounds, loads = 2000, 3, LOADS[1:3]
    node_red = None if given.node_red is None else NodeRed(given.node_red)
    try:
        rows = [
            measure(Work(messages, concurrency), latency, rounds, node_red, uvloop=given.uvloop)
            for concurrency, latency in loads
        ]
    finally:
        if node_red is not None:
            node_red.close()
    table = report.table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])
    print(table)
    if not given.quick:
        result = {
            "circumstances": report.circumstances(),
            "messages": messages,
            "rounds": rounds,
            "loads": rows,
        }
        report.save("sender-uvloop" if given.uvloop else "sender", result, table)


if __name__ == "__main__":
    main()
