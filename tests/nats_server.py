"""Real NATS servers with JetStream: one, or a cluster, on free loopback ports, each with its own store.

```python
with serving(tmp_path) as server:
    server.kill()
    server.start()  # on the same ports, with what it had on its disk
with cluster(tmp_path, 3) as nodes:
    nodes[0].stop()
```
"""

import atexit
import contextlib
import hashlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "nats-server"

PATIENCE = 30.0
"""Seconds that a server has to become ready, or to end."""


class NatsServer:
    """A server process; started and ended as often as needed, always on the same ports and store.

    Args:
        directory: for its configuration, its store and its log.
        name: unique in its cluster.
        config: keys of its configuration beyond ports, store and cluster: `tls`, `authorization`.
        scheme: of its URL.
        synced: whether it acknowledges only what is on its disk, as one in service has to.
    """

    def __init__(
        self,
        directory: Path,
        name: str = "n1",
        config: Mapping[str, Any] | None = None,
        scheme: str = "nats",
        *,
        synced: bool = False,
    ) -> None:
        self.directory = directory
        self.name = name
        self.port, self.route_port, self._health_port = free_ports(3)
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        store: dict[str, Any] = {"store_dir": str(directory / "store"), "max_file": "8G", "max_mem": "64M"}
        if synced:
            store["sync_interval"] = "always"
        self.config: dict[str, Any] = {
            "server_name": name,
            "listen": f"127.0.0.1:{self.port}",
            "http": f"127.0.0.1:{self._health_port}",
            "jetstream": store,
            **(config or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def join(self, routes: Sequence[str], **more: Any) -> None:
        """Make it a node of a cluster; before it is started.

        Args:
            routes: URLs by which it finds the others.
            more: keys of the configuration's `cluster`.
        """
        listen = f"127.0.0.1:{self.route_port}"
        self.config["cluster"] = {"name": "tests", "listen": listen, "routes": list(routes), **more}

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")

    def spawn(self) -> None:
        """Start it without waiting until it is ready."""
        assert self._process is None, "it runs"
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.directory / "server.conf"
        file.write_text(json.dumps(self.config), encoding="utf-8")
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-c", file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # an interrupt of the tests is not one of the server
            )

    def start(self) -> None:
        """Start it, and wait until JetStream answers."""
        self.spawn()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until JetStream answers: in a cluster, until it has a leader and this node has caught up."""
        end = time.monotonic() + PATIENCE
        while not self.is_ready():
            assert self._process is not None
            assert self._process.poll() is None, f"the server has ended: {self.log[-2000:]}"
            assert time.monotonic() < end, f"the server is not ready: {self.log[-2000:]}"
            time.sleep(0.02)

    def is_ready(self) -> bool:
        """Whether it says that it is healthy."""
        try:
            self._ask("healthz")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def clients(self) -> int:
        """How many clients it has."""
        return int(json.loads(self._ask("connz"))["total"])

    def _ask(self, page: str) -> bytes:
        """What its monitor says, which answers with an error where it is not well."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}/{page}", timeout=2) as answer:
            return bytes(answer.read())

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang with its connections open; `thaw` lets it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # a frozen process ends only when it goes on
        process.wait(PATIENCE)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextlib.contextmanager
def serving(
    directory: Path, config: Mapping[str, Any] | None = None, scheme: str = "nats"
) -> Iterator[NatsServer]:
    """One server, until the block ends."""
    server = NatsServer(directory, config=config, scheme=scheme)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def join(nodes: Sequence[NatsServer]) -> None:
    """Make nodes that are not started yet one cluster."""
    routes = [f"nats://127.0.0.1:{node.route_port}" for node in nodes]
    for node in nodes:
        node.join(routes)


@contextlib.contextmanager
def cluster(directory: Path, size: int = 3) -> Iterator[list[NatsServer]]:
    """Nodes of one cluster that have found each other, until the block ends."""
    nodes = [NatsServer(directory / f"n{number}", f"n{number}") for number in range(1, size + 1)]
    join(nodes)
    try:
        for node in nodes:
            node.spawn()
        for node in nodes:
            node.wait_until_ready()
        yield nodes
    finally:
        for node in nodes:
            node.kill()


@cache
def shared(*, synced: bool = False) -> NatsServer:
    """One server for all tests of a process that do it no harm; they keep apart by their prefixes.

    Args:
        synced: whether it is another one, which acknowledges only what is on its disk.
    """
    directory = Path(tempfile.mkdtemp(prefix="akrun-nats-"))
    server = NatsServer(directory, synced=synced)
    server.start()
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(server.kill)  # runs before the directory is removed
    return server


def prefix_of(directory: Path) -> str:
    """A prefix of its own for each directory."""
    return f"t{hashlib.sha256(str(directory).encode()).hexdigest()[:16]}"
