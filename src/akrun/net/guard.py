"""The guard: a request goes to a public address or to one that the configuration opens, or nowhere.

A host's name says nothing about where it leads, and what it leads to may change between two look-ups. So the
guard resolves the name itself, checks every address of the answer, and hands out the addresses; whoever
connects takes one of them and never the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address

from akrun.net.failures import HttpFailure
from akrun.net.networks import Address, AllowList, is_numeric, not_public

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host as texts, best first; raises OSError when there are none."""

_METADATA = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.azure.internal",
        "metadata.platformequinix.com",
        "metadata.packet.net",
        "metadata.tencentyun.com",
    }
)


async def system_resolve(host: str, port: int) -> list[str]:
    """What the machine's resolver answers, in the order of preference it gives."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    # A scope makes an address link-local, and the guard knows those by their prefix.
    return [str(info[4][0]) for info in found]


class Guard:
    """Says which addresses a host may be reached at.

    Without `allow` only public addresses are. `resolve` takes the place of the machine's resolver.

    ```python
    guard = Guard(["10.0.0.0/8", "crm.internal", "*.corp.example"])
    addresses = await guard.addresses("crm.internal", 443)
    ```
    """

    def __init__(self, allow: Iterable[str] = (), *, resolve: Resolve | None = None) -> None:
        """Parse the entries of `allow` (see `AllowList`); raises ValueError for a wrong one."""
        self._allow = AllowList(allow)
        self._resolve = resolve or system_resolve

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of `host`, every one of them checked, best first; at least one.

        Raises:
            HttpFailure: Of kind `refused` when any address is neither public nor allowed, or the host is
                written in a way that hides its address; of kind `connection` when it has no address. Nothing
                was sent in either case.
        """
        name = host.lower().removesuffix(".")
        if "%" in name:
            raise _refused(f"{host[:255]} has a zone, so it belongs to one link of this machine")
        try:
            literal = ip_address(name)
        except ValueError:
            return await self._resolved(host, name, port)
        self._check(None, literal)
        return [literal]

    async def _resolved(self, host: str, name: str, port: int) -> list[Address]:
        if is_numeric(name):
            raise _refused(f"{host[:255]} hides which IPv4 address it is: write it as a.b.c.d")
        named = self._allow.host(name)
        if name in _METADATA and not named:
            raise _refused(f"{host} is a cloud's metadata service; {_cure(host)}")
        try:
            found = await self._resolve(name, port)
        except (OSError, UnicodeError) as exc:
            raise _unknown(host, getattr(exc, "strerror", None) or "the name cannot be resolved") from exc
        addresses: list[Address] = []
        for text in found:
            address = ip_address(text.partition("%")[0])
            if not named:
                self._check(host, address)
            if address not in addresses:
                addresses.append(address)
        if not addresses:
            raise _unknown(host, "it has no address")
        return addresses

    def _check(self, host: str | None, address: Address) -> None:
        why = not_public(address)
        if why is None or self._allow.address(address):
            return
        what = str(address) if host is None else f"{host[:255]} leads to {address}, which"
        raise _refused(f"{what} is {why}; {_cure(host or str(address))}")


def _cure(destination: str) -> str:
    """How to allow it, for who configures akrun and for who embeds it."""
    entry = destination[:255]
    return f'if it is wanted, allow it: {entry} in the setting http_allow, or Guard(["{entry}"]) in Python'


def _refused(why: str) -> HttpFailure:
    return HttpFailure(f"the request is refused: {why}", kind="refused", sent=False)


def _unknown(host: str, why: str) -> HttpFailure:
    message = f"cannot connect to {host[:255]}: {why}"
    return HttpFailure(message, kind="connection", sent=False, retryable=True)
