"""What a request must carry to be believed: a shared secret, a signature over the raw body, a fresh time."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from akrun.errors import AkrunError
from akrun.model.listener import Listener, Signature
from akrun.model.secret_refs import SecretError, is_reference, resolve
from akrun.server.request import Received, Refused


@dataclass(frozen=True, slots=True)
class Checks:
    """A listener's checks with their secrets."""

    listener: Listener
    shared: bytes | None = field(repr=False)
    key: bytes | None = field(repr=False)

    @classmethod
    def of(cls, listener: Listener, folder: Path) -> Self:
        """Resolve the secrets; `folder` is where `file:` references are seen from.

        Raises:
            AkrunError: A reference leads to nothing.
        """
        shared = None if listener.secret_header is None else listener.secret_header.value
        key = None if listener.signature is None else listener.signature.secret
        return cls(
            listener,
            None if shared is None else _secret(shared, folder, "secret_header.value"),
            None if key is None else _secret(key, folder, "signature.secret"),
        )

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets by name, to be masked wherever they might show."""
        found = {"listener.secret_header": self.shared, "listener.signature": self.key}
        return {name: each.decode() for name, each in found.items() if each is not None}

    def check_method(self, method: str) -> None:
        """Refuse a method that is not taken (405)."""
        if method not in self.listener.methods:
            raise Refused(405, "the method is not taken here", {"Allow": ", ".join(self.listener.methods)})

    def check(self, request: Received, now: float) -> None:
        """Refuse a request without the secret or the right signature (401), or one that is too old (403)."""
        header = self.listener.secret_header
        if header is not None and self.shared is not None:
            given = request.headers.get(header.name.lower(), "")
            if not hmac.compare_digest(given.encode("utf-8", "replace"), self.shared):
                raise Refused(401, "the shared secret is missing or wrong")
        signature = self.listener.signature
        if signature is not None and self.key is not None:
            self._check_signature(signature, self.key, request, now)

    @staticmethod
    def _check_signature(signature: Signature, key: bytes, request: Received, now: float) -> None:
        written = request.headers.get(signature.header.lower(), "")
        signed = request.body
        sent = None
        if signature.timestamp_header is not None:
            stamp = request.headers.get(signature.timestamp_header.lower(), "").strip()
            sent = _time(stamp)
            signed = stamp.encode("utf-8", "replace") + b"." + request.body
        expected = hmac.digest(key, signed, getattr(hashlib, signature.algorithm))
        if not hmac.compare_digest(_decoded(written, signature), expected):
            raise Refused(401, "the signature is missing or wrong")
        if signature.timestamp_header is not None and (sent is None or abs(now - sent) > signature.tolerance):
            raise Refused(403, "the time of sending is missing or too far from now")


def _decoded(written: str, signature: Signature) -> bytes:
    """The bytes of a signature; empty, which no signature is, where it is written wrongly."""
    if not written.startswith(signature.prefix):
        return b""
    text = written[len(signature.prefix) :]
    try:
        if signature.encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _time(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _secret(written: str, folder: Path, name: str) -> bytes:
    if not is_reference(written):
        return written.encode()
    try:
        return resolve(written, folder).encode()
    except SecretError as error:
        raise AkrunError(f"listener.{name}: {error}") from error
