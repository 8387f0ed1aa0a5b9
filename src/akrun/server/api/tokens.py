"""Bearer tokens: made once, kept as their SHA-256 only, each with a scope and perhaps an end."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
from filelock import FileLock

from akrun.errors import AkrunError
from aktmpl.errors import nearest

TOKENS_FILE: Final = "tokens.json"
"""In the data directory."""
PREFIX: Final = "akr_"
"""What every token begins with, so that one which has leaked can be recognised."""

_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)


class Scope(StrEnum):
    """What a token is for; each includes the ones before it."""

    READ = "read"
    SEND = "send"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Whether whoever has this scope may do what needs the other."""
        order = list(Scope)
        return order.index(self) >= order.index(other)


class TokenError(AkrunError):
    """Tokens cannot be made, found or read; says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token.

    Attributes:
        digest: the SHA-256 of its text, in hex.
        created, expires: seconds since the Unix epoch; it is for ever when `expires` is None.
    """

    name: str
    scope: Scope
    digest: str = field(repr=False)
    created: float
    expires: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it is still good."""
        return self.expires is None or now < self.expires


def new_token() -> str:
    """The text of a token: 256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(text: str) -> str:
    """What is kept of a token's text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class TokenFile:
    """The tokens of a data directory; several processes may change it, and see each other's changes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / TOKENS_FILE
        self._seen: tuple[int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def tokens(self) -> tuple[Token, ...]:
        """All tokens by the time they were made, read anew when the file has changed.

        Raises:
            TokenError: the file cannot be read.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
            return ()
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if state != self._seen:
            self._tokens = self._read()
            self._seen = state
        return self._tokens

    def create(self, name: str, scope: Scope, now: float, expires: float | None = None) -> str:
        """Make a token; its text is given back here, and never again.

        Raises:
            TokenError: the name is taken, or is none.
        """
        if not _NAME.fullmatch(name):
            raise TokenError(f"{name[:80]!r} is no name: up to 64 letters, digits and . _ - @")
        text = new_token()
        with self._changing() as tokens:
            if any(each.name == name for each in tokens):
                raise TokenError(f"there is a token “{name}” already; `akrun token revoke {name}` ends it")
            tokens.append(Token(name, scope, digest_of(text), now, expires))
        return text

    def revoke(self, name: str) -> None:
        """End a token.

        Raises:
            TokenError: there is none of that name.
        """
        with self._changing() as tokens:
            kept = [each for each in tokens if each.name != name]
            if len(kept) == len(tokens):
                known = [each.name for each in tokens]
                hint = nearest(name, known) or f"known: {', '.join(known) or 'none yet'}"
                raise TokenError(f"there is no token “{name[:80]}”; {hint}")
            tokens[:] = kept

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, to be changed while no other process changes them."""
        with FileLock(f"{self._path}.lock", mode=0o600):
            tokens = list(self.tokens())
            yield tokens
            self._write(tokens)

    def _read(self) -> tuple[Token, ...]:
        try:
            found = orjson.loads(self._path.read_bytes())
            return tuple(Token(**{**each, "scope": Scope(each["scope"])}) for each in found["tokens"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = (
                f"{self._path}: the tokens cannot be read; restore the file, or remove it and make new ones"
            )
            raise TokenError(message) from error

    def _write(self, tokens: list[Token]) -> None:
        data = orjson.dumps({"tokens": [_written(each) for each in tokens]}, option=orjson.OPT_INDENT_2)
        new = self._path.with_name(f".{TOKENS_FILE}.{uuid4()}")
        try:
            with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise TokenError(f"{self._path}: the tokens cannot be written: {error.strerror}") from error


class Tokens:
    """All tokens that a serving process takes: those of the file, and one of its own with every right."""

    def __init__(self, file: TokenFile, own: str) -> None:
        self._file = file
        self._own = Token("serve.json", Scope.ADMIN, digest_of(own), 0.0)

    def find(self, text: str, now: float) -> Token | None:
        """The token of that text, if it is good now; takes as long for a wrong one as for a right one.

        Raises:
            TokenError: the file of tokens cannot be read.
        """
        digest = digest_of(text)
        found: Token | None = None
        for each in (self._own, *self._file.tokens()):
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found if found is not None and found.holds(now) else None


def _written(token: Token) -> dict[str, Any]:
    return {**asdict(token), "scope": token.scope.value}
