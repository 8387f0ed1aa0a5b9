"""Collecting a response's body with a bound on its size, kept while it is decompressed."""

import zlib
from typing import Final, Protocol

from akrun.net.failures import HttpFailure

ACCEPT_ENCODING: Final = "gzip, deflate"
CHUNK: Final = 64 * 1024
"""Most bytes that come out of one step of decompression."""
_BITE: Final = 16 * 1024
"""Most bytes that go into one step: what a step leaves over is copied, so large bites would cost squares."""


class _Inflater(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class Body:
    """A body of at most `limit` bytes, put together of the pieces that arrive."""

    __slots__ = ("_data", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data: bytes | bytearray = b""

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raises HttpFailure, of kind `too_large` once the limit is passed."""
        if len(self._data) + len(piece) > self._limit:
            raise too_large(self._limit)
        if not self._data:
            self._data = piece
            return
        if isinstance(self._data, bytes):
            self._data = bytearray(self._data)
        self._data += piece

    def end(self) -> bytes:
        """The whole body; raises HttpFailure of kind `connection` when it is cut short."""
        return bytes(self._data)


class InflatedBody(Body):
    """A body that is decompressed as it arrives, in steps of at most CHUNK bytes, whatever the ratio."""

    __slots__ = ("_encoding", "_inflater")

    def __init__(self, limit: int, encoding: str) -> None:
        super().__init__(limit)
        self._encoding = encoding
        self._inflater: _Inflater | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next compressed piece."""
        try:
            for start in range(0, len(piece), _BITE):
                self._inflate(piece[start : start + _BITE])
        except zlib.error as exc:
            raise self._invalid() from exc

    def _inflate(self, data: bytes) -> None:
        inflater = self._inflater
        while data:
            if inflater is None:
                inflater = _inflater(self._encoding, data)
            elif inflater.eof:
                if self._encoding == "deflate":
                    return
                inflater = _inflater(self._encoding, data)  # a gzip body may be several members
            self._inflater = inflater
            super().feed(inflater.decompress(data, CHUNK))
            data = inflater.unconsumed_tail or inflater.unused_data
        while inflater is not None and not inflater.eof and (piece := inflater.decompress(b"", CHUNK)):
            super().feed(piece)

    def end(self) -> bytes:
        """The whole decompressed body."""
        if self._inflater is not None and not self._inflater.eof:
            raise self._invalid()
        return super().end()

    def _invalid(self) -> HttpFailure:
        message = f"the response's body is not valid {self._encoding}"
        return HttpFailure(message, kind="connection", sent=True, retryable=True)


def body_of(limit: int, encoding: str, declared: str = "") -> Body:
    """What collects a response's body.

    Args:
        limit: Most bytes of the decoded body.
        encoding: The header Content-Encoding, empty for none.
        declared: The header Content-Length, empty for none.

    Raises:
        HttpFailure: Of kind `too_large` for a declared length above the limit, of kind `connection` for a
            content encoding that nobody asked for.
    """
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise too_large(limit)
    if not encoding:
        return Body(limit)
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return Body(limit)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        message = f"the response's encoding {encoding[:40]!r} is not supported"
        raise HttpFailure(message, kind="connection", sent=True)
    return InflatedBody(limit, encoding)


def too_large(limit: int) -> HttpFailure:
    """The failure of a body above the limit."""
    return HttpFailure(f"the response's body is larger than {limit} bytes", kind="too_large", sent=True)


def _inflater(encoding: str, first: bytes) -> _Inflater:
    if encoding == "deflate":
        # "deflate" means zlib by RFC 9110, but some servers send it raw: the first byte tells.
        wbits = zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS
        return zlib.decompressobj(wbits=wbits)
    return zlib.decompressobj(wbits=31)
