"""A process that sends its part of a launch, and says what that took.

    python -m benchmarks.cluster.worker FOLDER LAUNCH [PREFIX REPLICAS SERVER...]

Says `ready`, begins at the first line that it reads, and prints a JSON object. Without servers the backend is
the database in the folder.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from akrun.backend import Embedded
from akrun.backend.cluster import Cluster, ClusterOptions
from akrun.engine.event import Services
from akrun.mailing.job import read_job
from akrun.mailing.run import MailingRun
from akrun.net.client import HttpClient
from akrun.net.guard import Guard
from benchmarks.sender.work import KEY, LOOPBACK


def backend_of(folder: Path, where: list[str]) -> Embedded | Cluster:
    """The backend that the arguments name."""
    if not where:
        return Embedded(folder / "akrun.db")
    prefix, replicas, *urls = where
    return Cluster(ClusterOptions(servers=tuple(urls), prefix=prefix, replicas=int(replicas), data=folder))


async def main(folder: Path, launch_id: str, where: list[str]) -> None:
    """Send until every message of the launch has an outcome."""
    job = read_job(folder / "channel.json", folder / "mailing.json", given={"sender.api_key": KEY})
    async with HttpClient(guard=Guard(LOOPBACK)) as client, backend_of(folder, where) as backend:
        launch = await backend.find_launch(launch_id)
        assert launch is not None
        run = MailingRun(backend, launch, job, Services(client, lambda _: None, masker=job.masker))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        commits, cpu = backend.statistics.commits, time.process_time()
        await run.run()
        took = {"cpu": time.process_time() - cpu, "commits": backend.statistics.commits - commits}
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
