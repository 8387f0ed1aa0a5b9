"""A digest of an audience that a caller can take again to see whether it changed since the launch."""

import hashlib

from akrun.backend.records import NewMessage


class AudienceDigest:
    """SHA-256 over the rows of an audience in order, each field preceded by its length.

    >>> digest = AudienceDigest()
    >>> digest.update(NewMessage(id="m1", profile_id="p1", payload=b"{}"))
    >>> digest.hexdigest()[:8]
    '6eba7453'
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def update(self, row: NewMessage) -> None:
        """Take in the next row; text that is not Unicode counts by its surrogate bytes."""
        for text in (row.id, row.profile_id, row.skip_reason):
            if text is None:
                self._hash.update(b"\xff" * 8)
            else:
                self._field(text.encode("utf-8", "surrogatepass"))
        self._field(row.payload)

    def _field(self, data: bytes) -> None:
        self._hash.update(len(data).to_bytes(8, "big"))
        self._hash.update(data)

    def hexdigest(self) -> str:
        """The digest of the rows so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()
