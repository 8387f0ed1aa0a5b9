"""Masking: secret values replaced by `***` wherever text leaves the runtime."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4
"""Shorter secrets are not masked: they occur in ordinary text."""


class Masker:
    """Knows secrets in every form in which they travel: as they are, in URLs, in JSON, in base64.

    In base64 the secret is found at any place within what was encoded, as in `user:password`, and the whole
    base64 word is masked with it.

    ```python
    masker = Masker(["hunter2hunter2"])
    assert masker.text("key=hunter2hunter2") == "key=***"
    ```
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(secrets)
        plain: set[str] = set()
        encoded: set[str] = set()
        for secret in self._secrets:
            if len(secret) >= SHORTEST:
                plain |= _forms(secret)
                encoded |= _base64_forms(secret.encode("utf-8", "replace"))
        words = [re.escape(form) for form in sorted(plain, key=len, reverse=True)]
        words += [f"[A-Za-z0-9+/_-]*{re.escape(form)}[A-Za-z0-9+/_=-]*" for form in sorted(encoded)]
        self._pattern = re.compile("|".join(words)) if words else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __repr__(self) -> str:
        return f"Masker({MASK})"

    def plus(self, secrets: Iterable[str]) -> "Masker":
        """A masker that knows these secrets as well; itself where there are no new ones."""
        more = self._secrets.union(secrets)
        return self if more == self._secrets else Masker(more)

    def text(self, text: str) -> str:
        """The text with every secret in it masked."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def value(self, value: Any) -> Any:
        """A copy of a template value with all its texts and keys masked; bytes are masked as UTF-8."""
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


def secrets_in(constants: Mapping[str, Any], paths: Iterable[tuple[str, str]]) -> list[str]:
    """The texts of the secret values among a mailing's constants.

    Args:
        constants: root name → value, as `{"sender": {"api": {"key": "…"}}}`.
        paths: (root, dotted path of the field) of every secret field.
    """
    found: list[str] = []
    for root, path in paths:
        value: Any = constants.get(root)
        if isinstance(value, Mapping) and path in value:
            value = value[path]
        else:
            for segment in path.split("."):
                value = value.get(segment) if isinstance(value, Mapping) else None
        found.extend(_leaves(value))
    return found


def _leaves(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    if isinstance(value, bytes):
        return [value.decode("utf-8", "replace")]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _forms(secret: str) -> set[str]:
    data = secret.encode("utf-8", "replace")
    quoted = {quote(data), quote(data, safe=""), quote_plus(data)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, *quoted, *lower, *escaped}


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
