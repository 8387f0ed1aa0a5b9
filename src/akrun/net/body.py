"""Reading a response's body with a bound on its size, kept while it is decompressed."""

import zlib
from collections.abc import AsyncIterator
from typing import Protocol

import httpx

from akrun.net.failures import HttpFailure

ACCEPT_ENCODING = "gzip, deflate"
CHUNK = 64 * 1024


class _Inflater(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The decoded body of a streamed response, of at most `limit` bytes.

    Raises HttpFailure of kind `too_large` as soon as the limit is passed (before more is inflated), and of
    kind `connection` for a content encoding nobody asked for or data that does not decompress.
    """
    declared = response.headers.get("content-length", "")
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if declared.isdecimal() and int(declared) > limit and response.request.method != "HEAD":
        raise _too_large(limit)
    if response.is_stream_consumed:  # a transport made by hand may give the body whole and decoded
        if len(response.content) > limit:
            raise _too_large(limit)
        return response.content
    if encoding in ("", "identity"):
        return await _collect(response.aiter_raw(), limit)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise HttpFailure(
            f"the response's encoding {encoding[:40]!r} is not supported",
            kind="connection",
            sent=True,
        )
    try:
        return await _collect(_inflate(response.aiter_raw(), encoding), limit)
    except zlib.error as exc:
        raise HttpFailure(
            f"the response's body is not valid {encoding}", kind="connection", sent=True, retryable=True
        ) from exc


async def _collect(chunks: AsyncIterator[bytes], limit: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


async def _inflate(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Decompress in steps of at most CHUNK bytes of output, whatever the ratio."""
    inflater: _Inflater | None = None
    async for chunk in chunks:
        if not chunk:
            continue
        if inflater is None:
            inflater = _inflater(encoding, chunk)
        data = chunk
        while data:
            if inflater.eof:
                if encoding == "deflate":
                    break
                inflater = zlib.decompressobj(wbits=31)  # a gzip body may be several members
            piece = inflater.decompress(data, CHUNK)
            data = inflater.unconsumed_tail or inflater.unused_data
            yield piece
        while not inflater.eof and (piece := inflater.decompress(b"", CHUNK)):
            yield piece
    if inflater is not None and not inflater.eof:
        raise zlib.error("the compressed body ends early")


def _inflater(encoding: str, first: bytes) -> _Inflater:
    if encoding == "deflate":
        # "deflate" means zlib by RFC 9110, but some servers send it raw: the first byte tells.
        wbits = zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS
        return zlib.decompressobj(wbits=wbits)
    return zlib.decompressobj(wbits=31)


def _too_large(limit: int) -> HttpFailure:
    return HttpFailure(f"the response's body is larger than {limit} bytes", kind="too_large", sent=True)
