"""The data directory: rights, room, the kind of file system, and whether a write reaches the disk."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.modes import PRIVATE, mode_of
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread

NETWORKED: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "fuse.ceph", "fuse.glusterfs", "fuse.gcsfuse",
        "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3", "smbfs", "virtiofs",
    }
)  # fmt: skip
"""File systems that other machines write to as well, or that do not share memory as a log of SQLite needs."""
PASSING: Final = frozenset({"ramfs", "tmpfs"})
"""File systems that are gone when the machine stops."""

ENOUGH_BYTES: Final = 1024**3
LEAST_BYTES: Final = 64 * 1024**2
LEAST_FILES: Final = 1000
SLOW: Final = 0.25
"""Seconds; every acknowledgement waits for a write."""

_MOUNTS: Final = Path("/proc/self/mountinfo")


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at the directory, or at where it would be made."""
    data = scope.data
    if not data.exists():
        parent = next(each for each in data.absolute().parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield ok(str(data), "not there yet; the first `akrun send` or `akrun serve` makes it")
        else:
            yield fail(str(data), f"it cannot be made: {parent} may not be written", "name another by --data")
        return
    if not data.is_dir():
        yield fail(str(data), "this is no directory", "name another by --data")
        return
    for look in (_rights, _room, _kind, _probe):
        for finding in await in_thread(list, look(data)):
            yield finding


def _rights(data: Path) -> Iterator[Finding]:
    mode, owner = mode_of(data), data.stat().st_uid
    if owner != os.geteuid():
        yield warn(str(data), f"it belongs to another user ({owner})", "run akrun as its owner, or chown it")
    if mode is None or not mode & PRIVATE:
        yield ok(str(data), f"permissions {mode or 0:04o}: its owner's only")
        return
    yield warn(str(data), f"permissions {mode:04o}: others can look into it", f"chmod 700 {data}")
    for file in sorted(data.iterdir()):
        bits = mode_of(file)
        if file.is_file() and bits is not None and bits & PRIVATE:
            yield warn(str(file), f"permissions {bits:04o}: others can read it", f"chmod 600 {file}")


def _room(data: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(data).free
    text = f"{free / 1024**2:,.0f} MiB free"
    if free < LEAST_BYTES:
        yield fail(str(data), f"{text}: nothing can be acknowledged when it is full", "free disk space")
    elif free < ENOUGH_BYTES:
        yield warn(str(data), text, "free disk space: every message leaves a record")
    else:
        yield ok(str(data), text)
    system = os.statvfs(data)
    if system.f_files and system.f_favail < LEAST_FILES:
        message = f"{system.f_favail:,} files more can be made there (inodes)"
        yield fail(str(data), message, "remove files from that file system")


def _kind(data: Path) -> Iterator[Finding]:
    try:
        kind = file_system(data, _MOUNTS.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        yield ok(str(data), f"the kind of file system is not known on {sys.platform}")
        return
    if kind in NETWORKED:
        message = f"a file system of kind {kind}: the database's log (SQLite's WAL) does not work there"
        yield fail(str(data), message, "put the data on a disk of this machine, by --data")
    elif kind in PASSING:
        message = f"a file system of kind {kind}: it is gone when the machine stops"
        yield warn(str(data), message, "put the data on a disk, by --data")
    else:
        yield ok(str(data), f"a file system of kind {kind or 'unknown'}")


def file_system(path: Path, mounts: str) -> str | None:
    """The kind of file system that a path is on.

    Args:
        path: the path.
        mounts: what `/proc/self/mountinfo` holds (proc_pid_mountinfo(5)).
    """
    target = path.resolve()
    best: tuple[int, str] | None = None
    for line in mounts.splitlines():
        left, separator, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if not separator or len(fields) < 5 or not kinds:
            continue
        mounted = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4]))
        depth = len(mounted.parts)
        # Of two mounts at the same place the later one covers the other.
        if target.is_relative_to(mounted) and (best is None or depth >= best[0]):
            best = depth, kinds[0]
    return None if best is None else best[1]


def _probe(data: Path) -> Iterator[Finding]:
    begun = time.monotonic()
    try:
        with tempfile.NamedTemporaryFile(dir=data, prefix=".doctor-") as file:
            file.write(b"akrun doctor" * 512)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield fail(
            str(data), f"it cannot be written: {error.strerror or error}", "mend its rights or its disk"
        )
        return
    took = time.monotonic() - begun
    text = f"written and synced in {took * 1000:,.0f} ms"
    if took > SLOW:
        cure = 'use a faster disk, or durability = "normal" if the last writes may be lost'
        yield warn(str(data), text, cure)
    else:
        yield ok(str(data), text)
