"""The schemas in `docs/schema`: fresh, every key explained; our files keep them, faulty ones break them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from akrun.cli.schema import schema as command
from akrun.errors import FileFaults
from akrun.model import load_channel_file, load_mailing_file
from akrun.model.located import parse_located, read_located, read_text
from akrun.testkit.load import is_test, load_tests
from akrun.testkit.matchers import TAGS

ROOT = Path(__file__).parents[3]
SCHEMAS = {
    kind: json.loads((ROOT / "docs" / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    for kind in ("channel", "mailing", "test")
}
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}

FAULTY = sorted((ROOT / "tests" / "akrun" / "model" / "faulty").glob("*.[jy]*"))
UNSEEN = {
    "mailing-nested.json": "values are of the channel's fields",
    "mailing-reference.json": "values are of the channel's fields",
    "mailing-secret.json": "values are of the channel's fields",
    "mailing-values.json": "values are of the channel's fields",
    "mailing-stops-before-start.yaml": "one moment is before another",
}
"""Faulty files in which a schema sees nothing, and what it would have to compare."""


def ours() -> Iterator[Path]:
    """Every channel, mailing and test file of the repository that is meant to be right."""
    for folder in ("examples", "src/akrun", "docs"):
        for path in sorted((ROOT / folder).rglob("*.[jy]*")):
            if path.parent.name != "schema" and kind_of(path) is not None:
                yield path


def kind_of(path: Path) -> str | None:
    """What a file is by its name, or by its place."""
    if is_test(path.name):
        return "test"
    if path.name.startswith("mailing"):
        return "mailing"
    return "channel" if path.stem.endswith("channel") or path.parent.name == "channels" else None


def value_of(path: Path) -> Any:
    tags = TAGS if is_test(path.name) else ()
    is_json = path.suffix == ".json"
    return parse_located(read_text(path), path.name, is_json=is_json, tags=tags)[0].value


@pytest.mark.parametrize("kind", SCHEMAS)
def test_they_are_fresh_and_schemas_of_the_dialect_they_name(kind: str) -> None:
    made = CliRunner().invoke(command, [kind]).output
    page = ROOT / "docs" / "schema" / f"{kind}.json"
    assert page.read_text(encoding="utf-8") == made, f"akrun schema {kind} > docs/schema/{kind}.json"
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])
    assert SCHEMAS[kind]["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", [*ours()], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_of_ours_fits(path: Path) -> None:
    kind = kind_of(path)
    assert kind is not None
    VALIDATORS[kind].validate(value_of(path))


def test_all_kinds_are_among_our_files() -> None:
    kinds = [kind_of(path) for path in ours()]
    assert min(kinds.count(kind) for kind in SCHEMAS) >= 3


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.name)
def test_what_does_not_load_does_not_fit_where_a_schema_can_see_it(path: Path) -> None:
    if path.name == "good.json":
        VALIDATORS["channel"].validate(value_of(path))
        return
    try:
        value = read_located(path).value
    except FileFaults:
        return  # no JSON, or not read as any
    kind = "mailing" if path.name.startswith("mailing") else "channel"
    assert VALIDATORS[kind].is_valid(value) == (path.name in UNSEEN)


SEEN = ("C202", "C205", "C501", "C502", "C503-misspelled-method", "C506", "C507")
"""Of lint's faulty channels, those in which a schema sees the fault."""
LINTED = sorted((ROOT / "tests" / "lint" / "faulty").glob("*.[jy]*"))


@pytest.mark.parametrize("path", LINTED, ids=lambda path: path.name)
def test_of_what_lint_refuses_a_schema_refuses_what_is_wrong_by_itself(path: Path) -> None:
    if path.suffix not in (".json", ".yaml"):
        return
    try:
        value = read_located(path).value
    except FileFaults:
        return
    assert VALIDATORS["channel"].is_valid(value) == (not path.name.startswith(SEEN))


def properties(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a schema describes, by its path, without those that conditions only look at."""

    def walk(value: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from walk(each, f"{at}/{index}")
        elif isinstance(value, dict):
            for key, each in value.get("properties", {}).items():
                yield f"{at}/{key}", each
            for key, each in value.items():
                if key not in ("if", "then", "else", "default", "examples", "defaultSnippets"):
                    yield from walk(each, f"{at}/{key}")

    return walk(SCHEMAS[kind], kind)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_has_a_title_words_and_for_free_text_and_numbers_an_example(kind: str) -> None:
    found = dict(properties(kind))
    assert [at for at, each in found.items() if not each.get("title")] == []
    assert [at for at, each in found.items() if not each.get("description")] == []
    assert [at for at, each in found.items() if not each.get("markdownDescription")] == []
    assert [at for at, each in found.items() if is_free(each) and not says_how(each)] == []


def is_free(about: dict[str, Any]) -> bool:
    """Whether a value is text or a number that the schema does not name."""
    options = about.get("anyOf", [about])
    if any("enum" in each or "const" in each for each in options):
        return False
    kinds = [kind for each in options for kind in as_list(each.get("type"))]
    return bool({"string", "integer", "number"} & {*kinds})


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def says_how(about: dict[str, Any]) -> bool:
    return "examples" in about or "default" in about


@pytest.mark.parametrize("kind", SCHEMAS)
def test_examples_and_defaults_fit_their_keys(kind: str) -> None:
    for at, about in properties(kind):
        validator = jsonschema.Draft202012Validator({**about, "$defs": SCHEMAS[kind].get("$defs", {})})
        for value in (*about.get("examples", ()), *([about["default"]] if "default" in about else ())):
            assert validator.is_valid(value), (at, value)


def test_snippets_of_pipes_fit() -> None:
    for name in ("PipeModel", "OperationPipe"):
        definition = SCHEMAS["channel"]["$defs"][name]
        assert len(definition["defaultSnippets"]) == len(definition["allOf"])
        validator = jsonschema.Draft202012Validator({**definition, "$defs": SCHEMAS["channel"]["$defs"]})
        for snippet in definition["defaultSnippets"]:
            assert snippet["body"]["id"] == "^$1"
            validator.validate({**written(snippet["body"]), "id": 1})


def written(body: Any) -> Any:
    """What an editor writes for the body of a snippet."""
    if isinstance(body, dict):
        return {key: written(each) for key, each in body.items()}
    if isinstance(body, list):
        return [written(each) for each in body]
    if isinstance(body, str) and body.startswith('^"'):
        return json.loads(body[1:].replace("\\$", "$"))
    return body


def test_a_file_may_name_its_schema(tmp_path: Path) -> None:
    example = ROOT / "examples" / "board"
    for name in ("channel.json", "mailing.json"):
        value = {"$schema": "../schema.json", **read_located(example / name).value}
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
    case = {"name": "x", "send": True, "expect": {"state": "done"}}
    test = {"$schema": "test.json", "channel": "channel.json", "cases": [case]}
    (tmp_path / "channel.test.json").write_text(json.dumps(test), encoding="utf-8")
    for name, kind in (
        ("channel.json", "channel"),
        ("mailing.json", "mailing"),
        ("channel.test.json", "test"),
    ):
        VALIDATORS[kind].validate(value_of(tmp_path / name))
    channel, _ = load_channel_file(tmp_path / "channel.json")
    mailing, _ = load_mailing_file(tmp_path / "mailing.json", channel)
    load_tests(tmp_path / "channel.test.json")
    for model in (channel, mailing):
        assert "schema" not in model.model_dump_json(by_alias=True)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "channel.json"
    path.write_text('{"$schema": 1}', encoding="utf-8")
    with pytest.raises(FileFaults, match=r"`\$schema` must be text, not a whole number"):
        load_channel_file(path)
