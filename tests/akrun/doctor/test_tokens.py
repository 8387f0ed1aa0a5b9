"""Tokens: ended, ending, good; and a file that is none of tokens."""

import time
from pathlib import Path

from akrun.doctor.checks import tokens
from akrun.doctor.finding import Level
from akrun.server.api.tokens import Scope, TokenFile
from tests.akrun.doctor.scene import look, scope_of, told

DAY = 86_400


def test_tokens_by_their_times(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    assert told(look(tokens.check, scope)) == ["tokens: none was made"]
    scope.data.mkdir(0o700)
    file, now = TokenFile(scope.data), time.time()
    text = file.create("old", Scope.READ, now - 2 * DAY, now - DAY)
    file.create("soon", Scope.SEND, now, now + 3 * DAY + 60)
    file.create("good", Scope.ADMIN, now)
    found = look(tokens.check, scope)
    assert told(found, Level.WARN) == ["token old: it has expired", "token soon: it ends in 3.0 days"]
    assert told(found, Level.OK) == ["token good: scope admin"]
    assert text not in str(found)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    scope.data.mkdir(0o700)
    (scope.data / "tokens.json").write_text("{")
    [found] = look(tokens.check, scope)
    assert (found.level, "tokens cannot be read" in found.message) == (Level.FAIL, True)
