"""Messages a second by workers on a cluster beside the embedded backend, and the cost of the queue alone.

    python -m benchmarks.cluster [--quick] [--messages N] [--rounds N] [--at-once N] [--latency MS]

Everything runs on this machine: one server, three servers, the workers, and the service that is sent to. All
setups have their turn in each round, and ratios are of one round. Every record is on the disk before it is
acknowledged, in both backends. Results are written to `benchmarks/results/`. Linux only.
"""

import argparse
import asyncio
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.cluster import queue, rates
from benchmarks.cluster.servers import Servers, servers
from benchmarks.sender.work import Work, service

WORKERS: Sequence[int] = (1, 2, 4)
ALONE = 200
"""Intents noted one after the other."""
KEPT = 100_000
"""Messages whose records lie on a server."""


def queue_rows(setups: Sequence[Servers | None], work: Work, rounds: int) -> list[dict[str, Any]]:
    """A row for each setup and step: what a message costs, the median of the rounds."""
    found: list[list[list[queue.Step]]] = [[] for _ in setups]
    for _ in range(rounds):
        for setup, each in zip(setups, found, strict=True):
            each.append(asyncio.run(queue.measured(setup, work.messages, work.concurrency)))
    return [
        {"backend": named(setup), "step": steps[0].name} | _a_message(work.messages, steps)
        for setup, each in zip(setups, found, strict=True)
        for steps in zip(*each, strict=True)
    ]


def _a_message(messages: int, steps: Sequence[queue.Step]) -> dict[str, Any]:
    def median(values: Sequence[float], digits: int = 0) -> float:
        value = statistics.median(values) / messages
        return round(value, digits) if digits else round(value)

    return {
        "µs": median([step.seconds * 1e6 for step in steps]),
        "µs CPU, client": median([step.cpu * 1e6 for step in steps]),
        "µs CPU, servers": median([step.used.cpu * 1e6 for step in steps]),
        "busiest": median([step.used.busiest * 1e6 for step in steps]),
        "messages/commit": round(messages / max(1, statistics.median(step.commits for step in steps)), 1),
        "NATS messages": median([step.used.messages for step in steps], 2),
        "bytes sent": median([step.used.bytes for step in steps]),
        "bytes to disk": median([step.used.written for step in steps]),
        "bytes kept": median([step.used.stored for step in steps]),
    }


def named(setup: Servers | None) -> str:
    """How a row calls it."""
    if setup is None:
        return "embedded"
    return f"cluster, {len(setup.nodes)} server{'s' if len(setup.nodes) > 1 else ''}"


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster")
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=128, help="messages at once, of each worker")
    parser.add_argument("--latency", type=int, default=20, help="milliseconds that the service takes")
    parser.add_argument("--quick", action="store_true", help="one short round; nothing is saved")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the servers are ended, too
    messages, rounds = (1000, 1) if given.quick else (given.messages, given.rounds)
    work = Work(messages, given.at_once)
    with (
        tempfile.TemporaryDirectory() as name,
        servers(Path(name) / "one", 1) as one,
        servers(Path(name) / "three", 3) as three,
    ):
        kinds = (None, one, three)
        lying = asyncio.run(queue.kept(one, messages if given.quick else KEPT))
        intent = {named(kind): round(asyncio.run(queue.alone(kind, ALONE)) * 1e3, 2) for kind in kinds}
        queued = queue_rows(kinds, work, rounds)
        setups = [rates.Setup(), *(rates.Setup(kind, count) for kind in (one, three) for count in WORKERS)]
        with service(given.latency) as url:
            sent = rates.rows(url, work, setups, rounds)
    alone = [{"backend": kind, "ms for an intent alone": took} for kind, took in intent.items()]
    text = "\n".join(map(table, (sent, queued, alone, [lying])))
    print(text)
    if not given.quick:
        result = {
            "circumstances": report.circumstances(),
            "messages": messages,
            "rounds": rounds,
            "at once": given.at_once,
            "latency, ms": given.latency,
            "sending": sent,
            "queue": queued,
            "alone": alone,
            "kept": lying,
        }
        report.save("cluster", result, text)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of the same keys as a Markdown table."""
    return report.table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])


if __name__ == "__main__":
    main()
