"""A process of a cluster tells of itself for as long as it works."""

import asyncio
import os
import socket
from pathlib import Path

from akrun.backend import Backend
from akrun.backend.members import Member
from tests.akrun.server.sharing import Together


async def all_announced(backend: Backend, number: int) -> list[Member]:
    """Wait until so many have told of the channel that they serve."""
    async with asyncio.timeout(120):
        while True:
            found = [each for each in await backend.members() if each.said.channels == ("chat",)]
            if len(found) == number:
                return found
            await asyncio.sleep(0.05)


async def test_processes_of_a_cluster_see_each_other(tmp_path: Path) -> None:
    together = Together(tmp_path)
    one, other = together.process(), together.process()
    async with one.run():
        async with other.run():
            await together.register(one.backend, together.channel)
            await one.serves()
            await other.serves()
            for member in await all_announced(one.backend, 2):
                said = member.said
                place = said.kind, said.host, said.pid
                assert place == ("serve", socket.gethostname(), os.getpid())
        assert len(await one.backend.members()) == 1
