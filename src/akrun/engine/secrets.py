"""Masking: secret values replaced by `***` where text is shown, by their names where it is kept."""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

MASK = "***"
SHORTEST = 4
"""Shorter secrets are not masked: they occur in ordinary text."""


class SealError(ValueError):
    """A secret cannot be put back into what was kept without it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A secret's place in a text that lost it: which secret, and in which of the forms it travels in.

    `name` is None where the secret cannot be put back: it was part of a base64 word.
    """

    name: str | None
    form: int = 0


class Masker:
    """Knows secrets in every form in which they travel: as they are, in URLs, JSON, XML and base64.

    In base64 the secret is found at any place within what was encoded, as in `user:password`, and the whole
    base64 word is masked with it. Each has a name (`sender.key`), by which it can be put back, see `sealed`.

    ```python
    masker = Masker({"sender.key": "hunter2hunter2"})
    assert masker.text("key=hunter2hunter2") == "key=***"
    ```
    """

    def __init__(
        self, secrets: Mapping[str, str] = MappingProxyType({}), others: Collection[str] = ()
    ) -> None:
        """Take secrets by name, and others that are hidden only."""
        self._secrets = dict(secrets)
        self._others = frozenset(others)
        marks: dict[str, Mark] = {}
        encoded: set[str] = set()
        for name, secret in [*self._secrets.items(), *((None, each) for each in sorted(self._others))]:
            if len(secret) >= SHORTEST:
                for number, form in enumerate(_forms(secret)):
                    marks.setdefault(form, Mark(name, number))
                encoded |= _base64_forms(secret.encode("utf-8", "replace"))
        self._marks = marks
        words = [re.escape(form) for form in sorted(marks, key=len, reverse=True)]
        words += [f"[A-Za-z0-9+/_-]*{re.escape(form)}[A-Za-z0-9+/_=-]*" for form in sorted(encoded)]
        self._pattern = re.compile("|".join(words)) if words else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __repr__(self) -> str:
        return f"Masker({MASK})"

    def plus(self, secrets: Mapping[str, str]) -> "Masker":
        """A masker that knows these secrets as well; itself where there are no new ones."""
        known = self._secrets
        if not secrets or all(known.get(name) == secret for name, secret in secrets.items()):
            return self
        replaced = {known[name] for name in secrets if name in known}
        return Masker({**known, **secrets}, self._others | replaced)

    def text(self, text: str) -> str:
        """The text with every secret in it masked."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def sealed(self, text: str) -> list[str | Mark]:
        """The text in pieces, with a mark in the place of every secret; joined by `opened`."""
        if self._pattern is None:
            return [text]
        pieces: list[str | Mark] = []
        end = 0
        for found in self._pattern.finditer(text):
            pieces += [text[end : found.start()], self._marks.get(found[0], Mark(None))]
            end = found.end()
        return [*pieces, text[end:]]

    def opened(self, pieces: Iterable[str | Mark]) -> str:
        """The text that `sealed` took apart, with the secrets as they are now.

        Raises:
            SealError: a secret of that name is not known here, or was not kept at all.
        """
        return "".join(piece if isinstance(piece, str) else self._form(piece) for piece in pieces)

    def _form(self, mark: Mark) -> str:
        if mark.name is None:
            raise SealError("it held a secret in a form that is not kept")
        if mark.name not in self._secrets:
            raise SealError(f"it held the secret {mark.name}, which this process was not given")
        return _forms(self._secrets[mark.name])[mark.form]

    def value(self, value: Any) -> Any:
        """A copy of a template value with all its texts and keys masked; bytes are masked as UTF-8."""
        if value is None:
            return None
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        if isinstance(value, bytes):
            masked = self.text(value.decode("utf-8", "surrogateescape"))
            return masked.encode("utf-8", "surrogateescape")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if self.text(str(value)) == MASK else value
        return value


def secrets_in(constants: Mapping[str, Any], paths: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The texts of the secret values among a mailing's constants, by name: `sender.api.key`.

    Args:
        constants: root name → value, as `{"sender": {"api": {"key": "…"}}}`.
        paths: (root, dotted path of the field) of every secret field.
    """
    found: dict[str, str] = {}
    for root, path in paths:
        value: Any = constants.get(root)
        if isinstance(value, Mapping) and path in value:
            value = value[path]
        else:
            for segment in path.split("."):
                value = value.get(segment) if isinstance(value, Mapping) else None
        found.update(_leaves(value, f"{root}.{path}"))
    return found


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{name}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{name}.{index}")
    elif isinstance(value, bytes):
        yield name, value.decode("utf-8", "replace")
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)


@lru_cache(maxsize=1024)
def _forms(secret: str) -> tuple[str, ...]:
    """A secret in URLs, JSON and XML; marks that were stored name a form by its place here."""
    data = secret.encode("utf-8", "replace")
    quoted = (quote(data), quote(data, safe=""), quote_plus(data))
    lower = (re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted)
    escaped = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    slashed = (each.replace("/", "\\/") for each in escaped)
    in_xml = escape(secret)
    return (secret, *quoted, *lower, *escaped, *slashed, in_xml, in_xml.replace('"', "&quot;"))


def _base64_forms(secret: bytes) -> set[str]:
    """What base64 of a text with the secret in it must contain, for the three ways it can be aligned."""
    forms = set()
    for before in range(3):
        padded = b64encode(b"\0" * before + secret + b"\0" * (-(before + len(secret)) % 3)).decode()
        start = (before * 8 + 5) // 6
        end = (before + len(secret)) * 8 // 6
        form = padded[start:end]
        forms |= {form, form.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}
