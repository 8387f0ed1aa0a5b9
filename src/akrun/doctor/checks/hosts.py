"""The hosts that channels name: whether the guard lets requests to them, and whether they can be reached.

Nothing is sent but what opens a connection: no HTTP request ever leaves.
"""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx

from akrun.doctor.channels import channel_texts, strings
from akrun.doctor.finding import Finding, fail, ok, warn
from akrun.doctor.scope import Scope
from akrun.doctor.threads import in_thread
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.networks import Address

SOON: Final = 14
"""Days; a certificate that ends earlier is worth a look."""
PATIENCE: Final = 5.0
"""Seconds for a connection to one address."""

_LITERAL: Final = re.compile(
    r"(https?)://(?:[^/?#$@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#$@:\s\[\]]+)(?::(\d{1,5}))?(?=[/?#]|$)"
)
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Host:
    """Where requests of a channel go."""

    scheme: str
    name: str
    port: int

    def __str__(self) -> str:
        usual = self.port == (443 if self.scheme == "https" else 80)
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{self.scheme}://{name}" if usual else f"{self.scheme}://{name}:{self.port}"


async def check(scope: Scope) -> AsyncIterator[Finding]:
    """Look at every host that a URL in a channel spells out."""
    hosts: dict[Host, list[str]] = {}
    for text in await channel_texts(scope):
        for host in literal_hosts(None if text.document is None else text.document.value):
            hosts.setdefault(host, []).append(text.name)
    if not hosts:
        yield ok("hosts", "no channel that was looked at spells one out")
    guard = Guard(scope.settings.http_allow, resolve=_resolve)
    looked = [asyncio.ensure_future(_looked_at(host, guard)) for host in hosts]
    try:
        for task in looked:
            for finding in await task:
                yield finding
    finally:
        for task in looked:
            task.cancel()


def literal_hosts(channel: Any) -> list[Host]:
    """The hosts in URLs of pipes, and in defaults of fields, whose host is no template."""
    if not isinstance(channel, dict):
        return []
    parts = (channel.get("pipelines"), channel.get("entities"))
    urls = [text for part in parts for key, text in strings(part) if key == "url"]
    urls += [text for key, text in strings(channel.get("fields")) if key == "default"]
    return list(dict.fromkeys(_hosts(urls)))


def _hosts(urls: list[str]) -> Iterator[Host]:
    for url in urls:
        found = _LITERAL.match(url)
        if found is not None and int(found[3] or 1) <= 65_535:
            usual = 443 if found[1] == "https" else 80
            yield Host(found[1], found[2].strip("[]").lower(), int(found[3] or usual))


async def _looked_at(host: Host, guard: Guard) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE):
            addresses = await guard.addresses(host.name, host.port)
    except HttpFailure as failure:
        cure = "list it in the setting http_allow, if requests may go there"
        if failure.kind != "refused":
            cure = "check the name and the machine's resolver"
        return [fail(str(host), str(failure).partition("; ")[0], cure)]
    except TimeoutError:
        return [fail(str(host), f"no answer from the resolver in {PATIENCE:g} s", "check the resolver")]
    return await _reached(host, addresses)


async def _reached(host: Host, addresses: list[Address]) -> list[Finding]:
    """What comes of connecting to the first address that takes a connection."""
    problem = ""
    for address in addresses:
        try:
            async with asyncio.timeout(PATIENCE):
                end = await _connected(host, address)
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "the handshake failed"
            cure = "requests fail until the service mends its certificate, or this machine its clock"
            return [fail(str(host), f"{address}: TLS failed: {reason}", cure)]
        except OSError as error:  # TimeoutError is one, too
            problem = f"{address}: {error.strerror or 'no connection in time'}"
        else:
            return [_open(host, address, end)]
    return [fail(str(host), problem, "check the address, the network and firewalls on the way")]


async def _connected(host: Host, address: Address) -> float | None:
    """Connect and close again; when the certificate ends, if there is one."""
    secure = host.scheme == "https"
    _, writer = await asyncio.open_connection(
        str(address),
        host.port,
        ssl=tls_context() if secure else None,
        server_hostname=host.name if secure else None,
    )
    try:
        certificate = writer.get_extra_info("peercert")
        return None if not certificate else float(ssl.cert_time_to_seconds(certificate["notAfter"]))
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await writer.wait_closed()


def _open(host: Host, address: Address, end: float | None) -> Finding:
    if end is None:
        return ok(str(host), f"{address} takes connections")
    days = (end - time.time()) / _DAY
    text = f"{address} takes connections; its certificate is good for {days:,.0f} days"
    if days < SOON:
        return warn(str(host), text, "tell the service: requests fail from then on")
    return ok(str(host), text)


def tls_context() -> ssl.SSLContext:
    """The trust that requests have, too."""
    return httpx.create_ssl_context(trust_env=False)


async def _resolve(host: str, port: int) -> list[str]:
    found = await in_thread(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in found]
