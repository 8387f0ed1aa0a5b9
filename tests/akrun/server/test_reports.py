"""A process with the API stores events for reports as they come; a database that is away does not end it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from akrun.backend.cluster import Cluster
from akrun.backend.cluster.reports import FILE
from tests.akrun.server.scene import Serving, until
from tests.akrun.server.sharing import Together
from tests.nats_server import prefix_of


class Counting(Cluster):
    """A cluster that knows how often its events were to be stored for reports."""

    tries = 0

    async def fill_reports(self) -> int:
        self.tries += 1
        return await super().fill_reports()


def stored(file: Path) -> int:
    """How many events are in that database, which may be in the making."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file)) as connection:
        try:
            [[count]] = connection.execute(f"SELECT count(*) FROM {prefix_of(file.parents[1])}_event")
        except sqlite3.OperationalError:
            return 0
    return int(count)


async def test_events_are_stored_before_anybody_asks_for_a_report(tmp_path: Path) -> None:
    options = Together(tmp_path).options

    async def comes() -> bool:
        return stored(options.data / FILE) == 1

    async with Serving(tmp_path, engine=lambda _: Cluster(options)).run() as serving:
        await serving.call()
        await until(comes)


async def test_a_database_that_is_away_is_logged_once_and_filled_when_it_is_back(tmp_path: Path) -> None:
    file = tmp_path / "away" / FILE
    options = replace(Together(tmp_path).options, report_database=f"sqlite:///{file}")
    backend = Counting(options)
    serving = Serving(tmp_path, engine=lambda _: backend)

    def told() -> list[str]:
        return [record.message for record in serving.log if "for reports" in record.message]

    async def failed_again() -> bool:
        return backend.tries > 2

    async def is_back() -> bool:
        return len(told()) == 2

    async with serving.run():
        await serving.call()
        await until(failed_again)
        [away] = told()
        assert away.startswith(f"events wait until they can be stored for reports: {file}")
        assert "its directory does not exist; create it" in away
        file.parent.mkdir()
        await until(is_back)
        assert told()[-1] == "events are stored for reports again"
        assert stored(file) == 1


async def test_a_worker_stores_none(tmp_path: Path) -> None:
    together = Together(tmp_path)

    async def finished() -> bool:
        launch = await worker.backend.latest_launch(5)
        return launch is not None and launch.state == "finished"

    async with together.process().run() as worker:
        await worker.works.keeper.submit(together.job(3))
        await until(finished)
    assert not (together.options.data / FILE).exists()
