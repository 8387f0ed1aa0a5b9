"""The data directory: rights, room, kinds of file systems, the write."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from akrun.doctor.checks import data_directory
from akrun.doctor.finding import Level
from tests.akrun.doctor.scene import look, scope_of, told, worst

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:20 / /srv rw shared:2 - nfs4 nas:/srv rw,vers=4.2
24 23 0:21 / /srv/local\\040disk rw - xfs /dev/sdb1 rw
25 22 0:22 / /tmp rw master:3 propagate_from:1 - tmpfs tmpfs rw
26 22 0:23 / /tmp rw - btrfs /dev/sdc1 rw
this is no mount
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def test_a_directory_that_is_as_it_should_be(tmp_path: Path, data: Path) -> None:
    (data / "procpiper.log").touch(0o644)  # nobody else comes that far
    found = look(data_directory.check, scope_of(tmp_path))
    assert worst(found) is not Level.FAIL
    assert any("written and synced" in line for line in told(found))
    assert [each.name for each in data.iterdir()] == ["procpiper.log"]


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    [found] = look(data_directory.check, scope_of(tmp_path))
    assert (found.level, (tmp_path / "data").exists()) == (Level.OK, False)


def test_no_directory(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    [found] = look(data_directory.check, scope_of(tmp_path))
    assert (found.level, found.message) == (Level.FAIL, "this is no directory")


def test_rights_of_others_are_told_file_by_file(tmp_path: Path, data: Path) -> None:
    data.chmod(0o755)
    (data / "akrun.db").touch(0o644)
    (data / "serve.json").touch(0o600)
    found = [each for each in look(data_directory.check, scope_of(tmp_path)) if "permissions" in each.message]
    assert [(each.level, each.subject, each.cure) for each in found] == [
        (Level.WARN, str(data), f"chmod 700 {data}"),
        (Level.WARN, str(data / "akrun.db"), f"chmod 600 {data / 'akrun.db'}"),
    ]


@pytest.mark.parametrize(
    ("free", "files", "level", "message"),
    [
        (10 * 1024**2, 10**6, Level.FAIL, "10 MiB free: nothing can be acknowledged when it is full"),
        (500 * 1024**2, 10**6, Level.WARN, "500 MiB free"),
        (5 * 1024**3, 10, Level.FAIL, "10 files more can be made there (inodes)"),
    ],
)
def test_little_room(  # noqa: PLR0917 - one for each part of a case
    tmp_path: Path,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    files: int,
    level: Level,
    message: str,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_files=10**6, f_favail=files))
    assert f"{data}: {message}" in told(look(data_directory.check, scope_of(tmp_path)), level)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/x", "ext4"), ("/srv/akrun", "nfs4"), ("/srv/local disk/x", "xfs"), ("/tmp/x", "btrfs")],
)
def test_the_kind_of_file_system(path: str, kind: str) -> None:
    assert data_directory.file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(
    ("kind", "level"),
    [("nfs4", Level.FAIL), ("fuse.sshfs", Level.FAIL), ("tmpfs", Level.WARN), ("xfs", Level.OK)],
)
def test_file_systems_that_do_not_do(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, kind: str, level: Level
) -> None:
    monkeypatch.setattr(data_directory, "file_system", lambda *_: kind)
    found = look(data_directory.check, scope_of(tmp_path))
    [line] = [each for each in found if "file system of kind" in each.message]
    assert (line.subject, line.level) == (str(data), level)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")]
)
def test_a_directory_that_cannot_be_written(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(*_: Any, **__: Any) -> Callable[[], None]:
        raise error

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    found = told(look(data_directory.check, scope_of(tmp_path)), Level.FAIL)
    assert found == [f"{data}: it cannot be written: {error.strerror}"]
