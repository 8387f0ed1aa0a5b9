"""Nothing is carried to where a process works, and none works where something is being carried to."""

from pathlib import Path

import pytest

from akrun.backend.cluster import Cluster
from akrun.backend.errors import BackendError
from akrun.backend.members import Announcement
from akrun.migrate.carry import Carried, carry
from akrun.migrate.rows import Kind
from tests.akrun.migrate.scene import source_at, target_at
from tests.contract.scene import Now, registered

WORKER = Announcement("worker", "host-1", 41, 1000.0)


def ignored(_kind: Kind, _count: int) -> None:
    """What is told of a migration."""


async def test_a_process_that_works_is_named_and_stops_it(tmp_path: Path) -> None:
    now = Now()
    async with source_at(tmp_path, now) as source, target_at(tmp_path, now) as target:
        await registered(source)
        async with target_at(tmp_path, now) as working:
            await working.announce(WORKER, 30.0)
            with pytest.raises(
                BackendError, match=r"`akrun worker` works on .* \(process 41 on host-1\)"
            ) as caught:
                await carry(source, target, ignored, now)
            assert caught.value.cure
            assert await target.channels() == []
        assert await carry(source, target, ignored, now) == Carried([], before=False)
        await target.announce(WORKER, 30.0)  # everything was carried before, so that this is as it should be
        assert await carry(source, target, ignored, now) == Carried([], before=True)


async def test_who_would_work_before_all_is_carried_is_refused(tmp_path: Path) -> None:
    now = Now()
    async with source_at(tmp_path, now) as source, target_at(tmp_path, now) as target:
        async with Cluster(target._options):
            pass
        await registered(source)
        await target.begin(await source.fingerprint())
        with pytest.raises(BackendError, match="`akrun migrate` has begun to carry") as caught:
            await Cluster(target._options).open()
        assert "name another nats_prefix" in caught.value.cure
        assert await carry(source, target, ignored, now) == Carried([], before=False)
        async with Cluster(target._options) as backend:
            assert len(await backend.channels()) == 1
