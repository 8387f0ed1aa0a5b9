"""Servers to measure with: one, and three that form a cluster; and what they have used so far."""

import json
import os
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from akrun.backend import Embedded
from akrun.backend.cluster import Cluster, ClusterOptions
from tests.nats_server import NatsServer

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UTIME, _STIME = 11, 12
"""Fields of `/proc/PID/stat` behind the name of the program."""


class Used(NamedTuple):
    """What a server has used so far, or servers between two moments.

    Attributes:
        cpu: seconds of the processor.
        busiest: of these, what one server took at most.
        messages: that came in and went out, between servers too.
        bytes: of these.
        written: bytes given to the disk.
        stored: bytes in the streams.
        memory: bytes that are resident.
    """

    cpu: float = 0.0
    busiest: float = 0.0
    messages: float = 0.0
    bytes: float = 0.0
    written: float = 0.0
    stored: float = 0.0
    memory: float = 0.0

    def __sub__(self, before: Self) -> "Used":
        return Used(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Servers:
    """One server or more, which store every record on each of them."""

    nodes: Sequence[NatsServer]

    @property
    def urls(self) -> tuple[str, ...]:
        """Their addresses."""
        return tuple(node.url for node in self.nodes)


def backend_on(servers: Servers | None, prefix: str, folder: Path) -> Embedded | Cluster:
    """An installation of its own on servers, else the database in the folder; unopened."""
    if servers is None:
        return Embedded(folder / "akrun.db")
    return Cluster(
        ClusterOptions(servers=servers.urls, prefix=prefix, replicas=len(servers.nodes), data=folder)
    )


def used_by(servers: Servers | None) -> list[Used]:
    """What each of them has used so far."""
    return [] if servers is None else [_used(node) for node in servers.nodes]


def used_since(servers: Servers | None, before: Sequence[Used]) -> Used:
    """What all of them together have used since they had used that."""
    each = [now - then for now, then in zip(used_by(servers), before, strict=True)]
    if not each:
        return Used()
    return Used(*map(sum, zip(*each, strict=True)))._replace(busiest=max(used.cpu for used in each))


def _used(node: NatsServer) -> Used:
    proc = Path(f"/proc/{node.pid}")
    times = (proc / "stat").read_text().rpartition(")")[2].split()
    written = next(line for line in (proc / "io").read_text().splitlines() if line.startswith("write_bytes"))
    seen, store = _asked(node, "varz"), _asked(node, "jsz")
    cpu = (int(times[_UTIME]) + int(times[_STIME])) / _TICK
    return Used(
        cpu,
        cpu,
        seen["in_msgs"] + seen["out_msgs"],
        seen["in_bytes"] + seen["out_bytes"],
        int(written.split()[1]),
        store["storage"],
        int((proc / "statm").read_text().split()[1]) * _PAGE,
    )


def _asked(node: NatsServer, page: str) -> Any:
    with urllib.request.urlopen(f"http://{node.config['http']}/{page}", timeout=10) as answer:
        return json.load(answer)


@contextmanager
def servers(folder: Path, count: int) -> Iterator[Servers]:
    """So many servers while the block is open; a record is on the disk before it is acknowledged."""
    with ExitStack() as stack:
        nodes = []
        for number in range(1, count + 1):
            home = folder / f"n{number}"
            store = {"store_dir": str(home / "store"), "max_file_store": "8G", "sync_interval": "always"}
            node = NatsServer(home, f"n{number}", {"jetstream": store})
            stack.callback(node.kill)
            nodes.append(node)
        for node in nodes:
            if count > 1:
                node.join([f"nats://127.0.0.1:{other.route_port}" for other in nodes])
            node.spawn()
        for node in nodes:
            node.wait_until_ready()
        yield Servers(nodes)
