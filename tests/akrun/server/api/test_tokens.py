"""Tokens: kept as hashes only, by several processes at once."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akrun.server.api.tokens import Scope, TokenError, TokenFile, Tokens, digest_of, new_token


def test_only_the_hash_is_kept_readable_by_the_owner(tmp_path: Path) -> None:
    text = TokenFile(tmp_path).create("shop", Scope.SEND, 5.0)
    file = tmp_path / "tokens.json"
    assert text.startswith("akr_")
    assert len(text) == 47
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert text not in file.read_text()
    [kept] = json.loads(file.read_text())["tokens"]
    assert kept == {
        "name": "shop",
        "scope": "send",
        "digest": digest_of(text),
        "created": 5.0,
        "expires": None,
    }
    assert [each.name for each in tmp_path.iterdir() if each.suffix != ".lock"] == ["tokens.json"]


def test_no_token_shows_itself(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    text = file.create("shop", Scope.READ, 0.0)
    assert digest_of(text) not in repr(file.tokens())


def test_tokens_differ() -> None:
    assert len({new_token() for _ in range(100)}) == 100


def test_a_token_is_found_by_its_text_until_it_ends(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    text = file.create("shop", Scope.SEND, 0.0, expires=10.0)
    tokens = Tokens(file, "own")
    found = tokens.find(text, 9.9)
    assert found is not None
    assert (found.name, found.scope) == ("shop", Scope.SEND)
    assert tokens.find(text, 10.0) is None
    assert tokens.find(text[:-1], 0.0) is None
    own = tokens.find("own", 0.0)
    assert own is not None
    assert own.scope is Scope.ADMIN


def test_a_change_by_another_process_is_seen(tmp_path: Path) -> None:
    ours, theirs = TokenFile(tmp_path), TokenFile(tmp_path)
    assert ours.tokens() == ()
    theirs.create("a", Scope.READ, 0.0)
    assert [each.name for each in ours.tokens()] == ["a"]
    theirs.revoke("a")
    assert ours.tokens() == ()
    (tmp_path / "tokens.json").unlink()
    assert ours.tokens() == ()


def test_many_at_once_lose_none(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: TokenFile(tmp_path).create(f"t{number}", Scope.READ, 0.0), range(40)))
    assert len(TokenFile(tmp_path).tokens()) == 40


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "é", "a\n"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(TokenError, match="is no name"):
        TokenFile(tmp_path).create(name, Scope.READ, 0.0)


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    with pytest.raises(TokenError, match="known: none yet"):
        file.revoke("shop")
    file.create("shop", Scope.READ, 0.0)
    with pytest.raises(TokenError, match="there is a token “shop” already"):
        file.create("shop", Scope.READ, 0.0)
    with pytest.raises(TokenError, match="did you mean `shop`"):
        file.revoke("shpo")
    (tmp_path / "tokens.json").write_text("[]")
    with pytest.raises(TokenError, match="cannot be read"):
        TokenFile(tmp_path).tokens()


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("other", list(Scope))
def test_each_scope_includes_the_ones_before_it(scope: Scope, other: Scope) -> None:
    order = ["read", "send", "admin"]
    assert scope.includes(other) == (order.index(scope) >= order.index(other))
