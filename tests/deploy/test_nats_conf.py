"""The configurations of the servers: nats-server takes them, and a cluster of them is what akrun needs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import trustme

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
PROGRAM: Final = Path(sys.executable).parent / "nats-server"
FILES: Final = (DEPLOY / "compose" / "nats.conf", DEPLOY / "systemd" / "nats.conf")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_the_server_takes_it(file: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    node = authority.issue_cert("nats1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    node.cert_chain_pems[0].write_to_path(str(tmp_path / "node.pem"))
    node.private_key_pem.write_to_path(str(tmp_path / "node.key"))
    here = tmp_path / "nats.conf"
    here.write_text(
        file.read_text(encoding="utf-8").replace("/etc/nats/tls", str(tmp_path)), encoding="utf-8"
    )
    told = subprocess.run(
        [PROGRAM, "-t", "-c", here],
        env={"NATS_NAME": "nats1", "NATS_PASSWORD": "replaceMe1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "is valid" in told.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_what_is_acknowledged_is_on_the_disk(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert re.search(r"^  sync_interval: always\b", text, re.MULTILINE)
    assert len(re.findall(r"nats://nats\d:6222", text)) == 3
