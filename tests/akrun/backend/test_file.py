"""The file: who may open it, what it must be, and what is said when it is not."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from akrun.backend import (
    BackendBusyError,
    BackendError,
    BackendLockedError,
    ChannelRecord,
    ClosedError,
    CorruptError,
    Embedded,
    ForeignFileError,
    NewerSchemaError,
    ReadOnlyError,
    StorageError,
    UnavailableError,
)

Prepare = Callable[[Embedded, int], Awaitable[None]]

HOLD = """
import asyncio, sys
from akrun.backend import Embedded

async def main():
    async with Embedded(sys.argv[1]):
        print("open", flush=True)
        sys.stdin.read()

asyncio.run(main())
"""


def content_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that owns the file until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield process


async def refused(path: Path, kind: type[StorageError], *, read_only: bool = False) -> str:
    backend = Embedded(path, read_only=read_only, busy_timeout=0.1)
    with pytest.raises(kind) as caught:
        await backend.open()
    assert caught.value.path == path
    assert caught.value.cure
    await backend.close()
    return str(caught.value)


async def test_a_second_process_is_told_who_has_the_file(path: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(BackendBusyError) as caught:
        await Embedded(path).open()
    assert caught.value.pid == holder.pid
    assert f"in use by process {holder.pid}; wait until" in str(caught.value)
    async with Embedded(path, read_only=True) as reader:
        assert await reader.channels() == []
    holder.communicate()
    async with Embedded(path) as owner:
        assert await owner.channels() == []


async def test_one_process_cannot_own_a_file_twice_either(backend: Embedded) -> None:
    with pytest.raises(BackendBusyError) as caught:
        await Embedded(backend.path).open()
    assert caught.value.pid == os.getpid()
    with pytest.raises(BackendError, match="open already"):
        await backend.open()


async def test_a_reader_follows_a_writer(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 5)
    async with Embedded(backend.path, read_only=True) as reader:
        assert (await reader.counts("L")).in_progress == 0
        await backend.lease("L", 3)
        assert (await reader.counts("L")).in_progress == 3
        with pytest.raises(ReadOnlyError):
            await reader.lease("L", 1)
        with pytest.raises(ReadOnlyError):
            await reader.register_channel(ChannelRecord(1, "sms", "SMS", b"", ""))
    assert (await backend.counts("L")).in_progress == 3


async def test_only_its_owner_can_read_the_file(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 1)
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in backend.path.parent.iterdir()}
    assert modes["akrun.db"] == modes["akrun.db-wal"] == 0o600


async def test_use_before_opening_is_refused(path: Path) -> None:
    backend = Embedded(path)
    with pytest.raises(ClosedError):
        await backend.channels()
    with pytest.raises(ClosedError):
        await backend.register_channel(ChannelRecord(1, "sms", "SMS", b"", ""))
    await backend.close()
    assert content_of(path) is None


async def test_a_file_of_another_kind_is_left_as_it_is(path: Path) -> None:
    content = b"name,phone\n" * 500
    write(path, content)
    for read_only in (False, True):
        assert "is not a database; name another file" in await refused(
            path, ForeignFileError, read_only=read_only
        )
    assert content_of(path) == content


async def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id)")
        connection.commit()
    content = content_of(path)
    assert "not written by akrun" in await refused(path, ForeignFileError)
    assert content_of(path) == content


async def test_a_newer_schema_is_refused(path: Path) -> None:
    async with Embedded(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    for read_only in (False, True):
        message = await refused(path, NewerSchemaError, read_only=read_only)
        assert "schema 999" in message
        assert "upgrade akrun" in message


async def test_reading_does_not_create_or_upgrade(path: Path) -> None:
    assert "there is no such file" in await refused(path, UnavailableError, read_only=True)
    assert content_of(path) is None
    write(path, b"")
    assert "empty database" in await refused(path, UnavailableError, read_only=True)
    assert content_of(path) == b""


@pytest.mark.parametrize("keep", [0.4, 0.75, 0.99])
async def test_a_torn_file_is_found_out(backend: Embedded, prepare: Prepare, keep: float) -> None:
    await prepare(backend, 3000)
    await backend.close()
    size = backend.path.stat().st_size
    os.truncate(backend.path, int(size * keep))
    message = await refused(backend.path, CorruptError)
    assert "damaged" in message
    assert "restore a copy" in message


async def test_damage_inside_is_found_when_it_is_met(backend: Embedded, prepare: Prepare) -> None:
    await prepare(backend, 3000)
    await backend.close()
    with closing(sqlite3.connect(backend.path)) as connection:
        (leases,) = connection.execute(
            "SELECT rootpage - 1 FROM sqlite_schema WHERE name = 'message_leased'"
        ).fetchone()
    content = bytearray(backend.path.read_bytes())
    for page in [leases, *range(40, len(content) // 4096)]:  # the tables' definitions stay whole
        content[page * 4096 : page * 4096 + 64] = bytes([0x5A]) * 64
    backend.path.write_bytes(content)
    with pytest.raises(CorruptError, match="damaged"):
        await Embedded(backend.path).open()  # looks for leases left behind
    async with Embedded(backend.path, read_only=True) as damaged:
        with pytest.raises(CorruptError, match="damaged"):
            await damaged.message("m2000")
        assert [channel.id for channel in await damaged.channels()] == [1]


async def test_a_missing_directory_and_a_directory_are_refused(tmp_path: Path) -> None:
    message = await refused(tmp_path / "nowhere" / "akrun.db", UnavailableError)
    assert "directory does not exist; create it" in message
    (tmp_path / "folder").mkdir()
    assert "is a directory" in await refused(tmp_path / "folder", UnavailableError)


async def test_a_lock_held_by_another_program_is_said_and_survived(backend: Embedded) -> None:
    await backend.close()
    record = ChannelRecord(1, "sms", "SMS", b"{}", "0")
    async with Embedded(backend.path, busy_timeout=0.05) as impatient:
        with closing(sqlite3.connect(backend.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BackendLockedError, match="end the program that has it open"):
                await impatient.register_channel(record)
        await impatient.register_channel(record)
        assert await impatient.channels() == [record]


async def test_a_migration_that_breaks_off_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Embedded(path) as backend:
        await backend.register_channel(ChannelRecord(1, "sms", "SMS", b"{}", "0"))
    schema = sys.modules["akrun.backend.embedded.schema"]
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE more (id); SELECT broken"))
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        with pytest.raises(BackendError, match="no such column"):
            await Embedded(path).open()
    async with Embedded(path) as backend:
        assert [channel.id for channel in await backend.channels()] == [1]


async def test_a_cancelled_open_lets_go_of_the_file(path: Path) -> None:
    opening = asyncio.create_task(Embedded(path).open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with Embedded(path) as backend:
        assert await backend.channels() == []
