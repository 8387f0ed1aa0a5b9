"""`akrun token`: made, listed, revoked."""

import json
from pathlib import Path

import pytest

from akrun.server.api.tokens import Scope, TokenFile, Tokens
from tests.akrun.mailing.scene import invoke


def data(folder: Path) -> list[str]:
    return ["--data", str(folder / "data")]


def test_a_token_is_printed_once_and_works(tmp_path: Path) -> None:
    made = invoke("token", "create", "--name", "shop", "--scope", "send", *data(tmp_path))
    assert made.exit_code == 0
    text = made.stdout.strip()
    found = Tokens(TokenFile(tmp_path / "data"), "own").find(text, 0.0)
    assert found is not None
    assert (found.name, found.scope, found.expires) == ("shop", Scope.SEND, None)
    listed = invoke("token", "list", *data(tmp_path))
    assert "shop" in listed.stdout
    assert text not in listed.stdout


def test_what_a_token_may_do_is_little_unless_more_is_said(tmp_path: Path) -> None:
    invoke("token", "create", "--name", "shop", *data(tmp_path))
    [about] = json.loads(invoke("token", "list", "--json", *data(tmp_path)).stdout)
    assert (about["scope"], about["expires"]) == ("read", None)


def test_a_token_ends_when_it_is_said(tmp_path: Path) -> None:
    invoke("token", "create", "--name", "shop", "--expires", "0.5", *data(tmp_path))
    [token] = TokenFile(tmp_path / "data").tokens()
    assert token.expires == pytest.approx(token.created + 43_200)


def test_a_revoked_token_is_gone(tmp_path: Path) -> None:
    invoke("token", "create", "--name", "shop", *data(tmp_path))
    assert invoke("token", "revoke", "shop", *data(tmp_path)).exit_code == 0
    assert json.loads(invoke("token", "list", "--json", *data(tmp_path)).stdout) == []
    again = invoke("token", "revoke", "shop", *data(tmp_path))
    assert (again.exit_code, again.stderr) == (1, "there is no token “shop”; known: none yet\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--name", "a b"], 1, "is no name"),
        (["--name", "x", "--scope", "all"], 2, "'all' is not one of"),
        (["--name", "x", "--expires", "0"], 2, "range"),
        ([], 2, "--name"),
    ],
    ids=["name", "scope", "expires", "missing"],
)
def test_wrong_wishes_are_told(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    refused = invoke("token", "create", *arguments, *data(tmp_path))
    assert (refused.exit_code, words in refused.stderr) == (code, True)
