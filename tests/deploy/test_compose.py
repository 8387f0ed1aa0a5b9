"""The Compose file: all that it refers to is there, and its commands are commands of akrun."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from akrun.model.settings import Settings, variables
from tests.docs.synopses import faults

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "deploy" / "compose"
TEXT: Final = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
FILE: Final[dict[str, Any]] = YAML(typ="safe").load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = FILE["services"]
SHARED: Final = {"akrun": SERVICES["serve"], "nats": SERVICES["nats1"]}

KEYS: Final = {
    "build", "command", "depends_on", "deploy", "environment", "healthcheck", "image", "init", "ports",
    "restart", "stop_grace_period", "stop_signal", "volumes",
}  # fmt: skip
"""Those of the Compose specification that the file makes use of."""


def variables_of(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", text))


def test_the_parts_of_the_file() -> None:
    assert [name for name in FILE if not name.startswith("x-")] == ["name", "services", "volumes"]
    assert sorted(SERVICES) == ["nats1", "nats2", "nats3", "postgres", "serve", "worker"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS
    assert service["restart"] == "unless-stopped"
    for other, how in service.get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert (FOLDER / source).exists() if source.startswith(".") else source in FILE["volumes"]


def test_every_volume_is_one_service_s() -> None:
    used = [each.partition(":")[0] for service in SERVICES.values() for each in service.get("volumes", ())]
    assert sorted(each for each in used if not each.startswith(".")) == sorted(FILE["volumes"])


def test_every_variable_is_in_the_example() -> None:
    given = re.findall(r"^(\w+)=", (FOLDER / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert variables_of(TEXT) == set(given)
    assert re.findall(r"\$\{\w+(?!\w*:\?)", TEXT) == [], "each says what is missing when it is not set"


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_command_of_akrun(name: str) -> None:
    service = SERVICES[name]
    assert faults(" ".join(["akrun", *service["command"]])) == []
    named = {each for each in service["environment"] if each.startswith("AKRUN_")}
    assert named <= set(variables())
    used = set(re.findall(r"env:(\w+)", " ".join(service["command"])))
    assert used <= set(service["environment"])


def test_the_nodes_that_akrun_is_told_of() -> None:
    told = SERVICES["serve"]["environment"]["AKRUN_BACKEND"].split(",")
    nodes = [name for name, service in SERVICES.items() if service["image"] == SHARED["nats"]["image"]]
    assert told == [f"nats://{name}:4222" for name in nodes]
    assert {SERVICES[name]["environment"]["NATS_NAME"] for name in nodes} == set(nodes)


def test_the_image() -> None:
    build = SHARED["akrun"]["build"]
    context = (FOLDER / build["context"]).resolve()
    dockerfile = context / build["dockerfile"]
    assert context == ROOT
    ignored = dockerfile.with_name(f"{dockerfile.name}.dockerignore").read_text(encoding="utf-8").split()
    text = dockerfile.read_text(encoding="utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (context / source).exists()
        assert f"!{source.partition('/')[0]}" in ignored
    assert faults("pip install 'akrun[" + re.findall(r"\[([a-z,]+)\]", text)[0] + "]'") == []


def test_the_time_to_end_is_more_than_the_grace_period() -> None:
    assert SHARED["akrun"]["stop_grace_period"] == "30s"
    assert Settings.model_fields["grace_period"].default < 30
