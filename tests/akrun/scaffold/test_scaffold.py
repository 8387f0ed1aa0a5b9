"""New channels: every combination is clean, passes its tests, and says what it would send."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.channels import shipped
from akrun.lint import check_channel
from akrun.model.load import load_channel_file
from akrun.scaffold import KINDS, Kind, Names, ScaffoldError, id_of, new_channel, string_id_of
from akrun.testkit.suite import coverage_of, run_suite
from tests.akrun.mailing.scene import invoke

NAMES = Names('Bäckerei "9100" \\ acme & Söhne', "bakery-2", 4711)


@pytest.fixture(params=[(kind, direct) for kind in KINDS for direct in (True, False)], ids=str)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A new channel in a folder of its own."""
    kind, direct = request.param
    new_channel(tmp_path / "new", NAMES, kind, direct=direct)
    return tmp_path / "new"


def test_it_is_what_was_asked_for(made: Path) -> None:
    channel, _ = load_channel_file(made / "channel.json")
    assert (channel.name, channel.string_id, channel.id) == (NAMES.name, "bakery-2", 4711)
    direct = channel.communication == "direct"
    assert (made / "audience.csv").exists() == direct
    everything = "".join(path.read_text(encoding="utf-8") for path in made.iterdir())
    assert "BAKERY_2_KEY" in everything
    for left in ("Acme", "ACME", '"acme"'):
        assert left not in everything


def test_lint_finds_nothing_not_even_a_note(made: Path) -> None:
    text = (made / "channel.json").read_text(encoding="utf-8")
    assert list(check_channel(text, "channel.json", is_json=True)) == []


def test_its_tests_pass_and_cover_everything(made: Path) -> None:
    reports = list(run_suite([made / "channel.test.yaml"]))
    assert all(report.passed for report in reports)
    (coverage,) = coverage_of(reports)
    assert coverage.missed() == []


def test_the_three_commands_of_its_readme(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    monkeypatch.setenv("BAKERY_2_KEY", "k-4711")
    commands = [
        line.split() for line in (made / "README.md").read_text().splitlines() if line.startswith("    ")
    ]
    assert [command[-3:-1] for command in commands] == [
        ["lint", "--strict"],
        ["akrun", "test"],
        ["channel.json", "mailing.json"],
    ]
    results = [invoke(*command[command.index("akrun") + 1 :]) for command in commands]
    assert [result.exit_code for result in results] == [0, 0, 0]
    assert "POST https://api.example.com/messages" in results[2].stdout
    assert "k-4711" not in results[2].stdout


def test_nothing_is_overwritten_and_then_nothing_written(tmp_path: Path) -> None:
    mine = tmp_path / "mailing.json"
    mine.write_text("mine")
    with pytest.raises(ScaffoldError, match=r"nothing was written, for there is mailing\.json already"):
        new_channel(tmp_path, NAMES)
    assert list(tmp_path.iterdir()) == [mine]
    assert mine.read_text() == "mine"


def test_other_files_in_the_folder_may_stay(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert [path.name for path in new_channel(tmp_path, NAMES)] == [
        "README.md", "audience.csv", "channel.json", "channel.test.yaml", "mailing.json",
    ]  # fmt: skip


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaffoldError, match="file"):
        new_channel(tmp_path / "file" / "new", NAMES)


@pytest.mark.parametrize(
    ("name", "string_id", "number", "message"),
    [
        ("", "a", 20_000, "the name is a text of one line"),
        ("a\nb", "a", 20_000, "the name is a text of one line"),
        ("A", "2a", 20_000, "the string id '2a' is not of"),
        ("A", "a b", 20_000, "the string id 'a b' is not of"),
        ("A", "a", -1, "from 0 on"),
        ("A", "email", 20_000, "the string id `email` is that of a channel of akrun's own"),
        ("A", "a", shipped()[0].id, "is that of akrun's own channel"),
    ],
)
def test_names_that_cannot_be(name: str, string_id: str, number: int, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        Names(name, string_id, number)


@given(st.text())
def test_a_name_gives_a_string_id_and_that_a_number(name: str) -> None:
    string_id = string_id_of(name)
    number = id_of(string_id)
    assert 10_000 <= number < 100_000
    if string_id not in ("email", "sms", "push", "webhook"):
        Names("A", string_id, number)


@pytest.mark.parametrize(
    ("name", "string_id"),
    [
        ("Acme SMS", "acme_sms"),
        ("Café 24", "cafe_24"),
        ("24/7", "_24_7"),
        ("Почта", "channel"),
        ("", "channel"),
    ],
)
def test_string_ids(name: str, string_id: str) -> None:
    assert string_id_of(name) == string_id


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1),
    st.tuples(st.sampled_from(KINDS), st.booleans()),
)
def test_any_name_is_data(
    tmp_path_factory: pytest.TempPathFactory, name: str, combination: tuple[Kind, bool]
) -> None:
    folder = tmp_path_factory.mktemp("new")
    kind, direct = combination
    new_channel(folder, Names(name, "a", 20_000), kind, direct=direct)
    assert json.loads((folder / "channel.json").read_text(encoding="utf-8"))["name"] == name
