"""Opening connections: to a checked address and no other, with the certificate checked against the name."""

import asyncio
import os
import ssl
from typing import Final

import httpx

from akrun.net.connection import Connection, Watch
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.networks import Address
from akrun.net.target import Origin

PATIENCE: Final = 5.0
"""Seconds that an address of several is tried before the next one is."""
_BUFFER: Final = 64 * 1024
_ALPN: Final = ["http/1.1"]


class Dialer:
    """Opens connections that a guard lets through."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext | None = None) -> None:
        """`tls` says which certificates are good; by default those that Mozilla trusts."""
        self._guard = guard
        # What one read brings is parsed before the next one begins, so that one buffer serves them all.
        self._buffer = memoryview(bytearray(_BUFFER))
        self._tls = tls
        if tls is not None:
            tls.set_alpn_protocols(_ALPN)

    async def open(self, origin: Origin, watch: Watch) -> Connection:
        """A new connection to the first address of the origin's host that takes one.

        Raises:
            HttpFailure: Of kind `refused`, `connection` or `tls`; nothing was sent.
        """
        addresses = await self._guard.addresses(origin.host, origin.port)
        for address in addresses[:-1]:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._connect(origin, address, watch)
            except ssl.SSLError as exc:
                raise _untrusted(origin, exc) from exc
            except OSError:  # TimeoutError is one, too
                continue
        try:
            return await self._connect(origin, addresses[-1], watch)
        except ssl.SSLError as exc:
            raise _untrusted(origin, exc) from exc
        except OSError as exc:
            message = f"cannot connect to {origin.text}: {_reason(exc)}"
            raise HttpFailure(message, kind="connection", sent=False, retryable=True) from exc

    async def _connect(self, origin: Origin, address: Address, watch: Watch) -> Connection:
        # An address as text needs no look-up, so the connection is pinned to it.
        secure = origin.scheme == "https"
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(watch, self._buffer),
            str(address),
            origin.port,
            ssl=self._context() if secure else None,
            server_hostname=origin.host.removesuffix(".") if secure else None,
        )
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
            self._tls.set_alpn_protocols(_ALPN)
        return self._tls


def _reason(exc: OSError) -> str:
    return os.strerror(exc.errno) if exc.errno else str(exc) or type(exc).__name__


def _untrusted(origin: Origin, exc: ssl.SSLError) -> HttpFailure:
    reason = getattr(exc, "verify_message", "") or exc.reason or "the handshake failed"
    return HttpFailure(f"TLS with {origin.text} failed: {reason}", kind="tls", sent=False)
