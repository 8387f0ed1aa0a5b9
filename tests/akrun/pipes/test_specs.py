import pytest

from akrun.model.docstrings import attribute_docstrings
from akrun.model.pipes import ALIASES
from akrun.pipes import REGISTRY, SPECS, codes
from akrun.pipes.spec import ALL_PIPELINES, PipeSpec


def test_the_registry_has_every_name_and_alias_once() -> None:
    names = [name for spec in SPECS for name in (spec.name, *spec.aliases)]
    assert sorted(names) == sorted(REGISTRY)
    assert {"event", "http_request", "log", "pack", "selector", "set", "unpack"} <= REGISTRY.keys()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_documents_itself(spec: PipeSpec) -> None:  # type: ignore[type-arg]
    assert spec.summary.endswith(".")
    assert spec.pipelines <= ALL_PIPELINES
    meanings = attribute_docstrings(spec.params)
    for name in spec.params.model_fields:
        assert meanings.get(name), f"{spec.name}.{name} has no docstring"
    assert spec.params.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_aliases_agree_with_those_of_the_file(spec: PipeSpec) -> None:  # type: ignore[type-arg]
    assert {alias for alias, name in ALIASES.items() if name == spec.name} == set(spec.aliases)


def test_every_code_is_explained() -> None:
    declared = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert declared == set(codes.CODES)
