"""Where exits are written: what the editor knows of it is what the kinds of pipes say."""

from akrun.editor.exits import EXITS, exits, leads_into
from akrun.pipes import REGISTRY, SPECS


def test_every_kind_of_pipe_with_exits_in_its_parameters_is_known() -> None:
    assert {spec.name for spec in SPECS if spec.exits is not None} == {*EXITS}


def test_the_places_are_those_of_the_specs() -> None:
    seen = set()
    for spec in SPECS:
        for example in spec.examples if spec.exits is not None else ():
            pipe = {"id": 1, "type": spec.name, "params": example.params}
            found = [(target, path[4:]) for path, target, _ in exits(pipe, ("pipelines", "message", 0))]
            assert spec.exits is not None
            assert found == spec.exits(spec.params.model_validate(example.params))
            seen |= {spec.name} if found else set()
    assert seen == {*EXITS}


def test_other_names_of_types_and_hand_overs() -> None:
    at = ("entities", 0, "operations", "list", "pipeline", 2)
    assert leads_into((*at, "outs", "success"), None) == at[:-1]
    assert "scheduler" in REGISTRY["scheduled"].aliases
    assert leads_into(("pipelines", "message", 0, "params", "pipe_id"), "scheduler") == (
        "pipelines",
        "schedule",
    )
    assert leads_into(("pipelines", "message", 0, "params", "pipe_id"), "log") is None
    assert leads_into(("events", 0, "id"), None) is None
