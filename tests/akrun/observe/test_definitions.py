from pathlib import Path

from akrun.observe.definitions import DEFINITIONS, reference

DOCS = Path(__file__).parents[3] / "docs" / "observability.md"


def test_every_metric_is_documented_as_it_is_defined() -> None:
    assert reference() in DOCS.read_text(encoding="utf-8")


def test_names_follow_prometheus_conventions() -> None:
    for each in DEFINITIONS:
        assert each.name.startswith("akrun_")
        assert each.name.endswith("_total") == (each.kind == "counter")
        assert not each.help.endswith(".")


def test_no_label_can_hold_an_id_or_an_address() -> None:
    labels = {label for each in DEFINITIONS for label in each.labels}
    assert labels == {
        "channel", "pipeline", "pipe", "type", "exit", "origin", "status", "kind", "state", "outcome",
        "version",
    }  # fmt: skip
