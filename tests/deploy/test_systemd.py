"""The units: systemd takes them, and their commands are commands of akrun."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest

from akrun.model.settings import Settings
from tests.docs.synopses import faults

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS: Final = sorted(FOLDER.glob("*.service"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_it(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name.replace("@", "@1")
    program = shutil.which("true")  # the programs are not where the units look for them
    here.write_text(
        re.sub(
            r"^ExecStart=\S+", f"ExecStart={program}", unit.read_text(encoding="utf-8"), flags=re.MULTILINE
        ),
        encoding="utf-8",
    )
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(
    "unit", [each for each in UNITS if each.name.startswith("akrun")], ids=lambda unit: unit.name
)
def test_a_command_of_akrun(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.findall(r"^ExecStart=/opt/akrun/bin/(.+)$", text, re.MULTILINE)[0]
    assert faults(command) == []
    assert set(re.findall(r"-o (\w+)=", command)) <= set(Settings.model_fields)
    credentials = re.findall(r"^LoadCredential=([\w-]+):", text, re.MULTILINE)
    assert sorted(credentials) == sorted(re.findall(r"%d/([\w-]+)", command))
    values = (FOLDER / "akrun.env").read_text(encoding="utf-8")
    for name in re.findall(r"\$([A-Z]+)", command):
        assert re.search(rf"^{name}=", values, re.MULTILINE)


def test_the_settings() -> None:
    settings = tomllib.loads((FOLDER / "akrun.toml").read_text(encoding="utf-8"))
    assert set(settings) <= set(Settings.model_fields)
    nodes = re.findall(r"nats://(nats\d):6222", (FOLDER / "nats.conf").read_text(encoding="utf-8"))
    assert settings["backend"] == ",".join(f"tls://{node}:4222" for node in nodes)
    [name] = re.findall(r"env:(\w+)", settings["report_database"])
    assert f"\n{name}=" in (FOLDER / "akrun.env").read_text(encoding="utf-8")
