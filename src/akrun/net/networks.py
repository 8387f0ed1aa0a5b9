"""Which IP addresses are public, and the networks and hosts that a configuration opens beside them.

The table follows IANA's special-purpose registries. `ipaddress.is_global` is not asked: what it says differs
between patch releases of Python.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_RESERVED_4: Final = (
    ("169.254.169.254/32", "a cloud's metadata service"),
    ("169.254.170.2/32", "a cloud's metadata service"),
    ("168.63.129.16/32", "a cloud's metadata service"),
    ("100.100.100.200/32", "a cloud's metadata service"),
    ("0.0.0.0/32", "the unspecified address"),
    ("0.0.0.0/8", "in this very network"),
    ("10.0.0.0/8", "in a private network"),
    ("100.64.0.0/10", "inside a carrier's network"),
    ("127.0.0.0/8", "this machine"),
    ("169.254.0.0/16", "on the local link"),
    ("172.16.0.0/12", "in a private network"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "for documentation only"),
    ("192.88.99.0/24", "a relay to IPv6 that is out of use"),
    ("192.168.0.0/16", "in a private network"),
    ("198.18.0.0/15", "for benchmarks only"),
    ("198.51.100.0/24", "for documentation only"),
    ("203.0.113.0/24", "for documentation only"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("240.0.0.0/4", "reserved"),
)
_RESERVED_6: Final = (
    ("fd00:ec2::254/128", "a cloud's metadata service"),
    ("fd20:ce::254/128", "a cloud's metadata service"),
    ("::/128", "the unspecified address"),
    ("::1/128", "this machine"),
    ("::/96", "in a form that is out of use"),
    ("64:ff9b:1::/48", "a translation to IPv4 inside a network"),
    ("100::/64", "to be discarded"),
    ("2001::/32", "a Teredo tunnel"),
    ("2001::/23", "reserved for protocols"),
    ("2001:db8::/32", "for documentation only"),
    ("3fff::/20", "for documentation only"),
    ("5f00::/16", "inside a network with segment routing"),
    ("fc00::/7", "in a private network"),
    ("fe80::/10", "on the local link"),
    ("fec0::/10", "in a private network"),
    ("ff00::/8", "multicast"),
)
_RESERVED: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), what) for network, what in _RESERVED_4 + _RESERVED_6
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Networks whose addresses hold an IPv4 address, which begins at this bit from the right.
_EMBEDDING: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that packets to this IPv6 address end at, if there is one."""
    if isinstance(address, IPv6Address):
        for network, shift in _EMBEDDING:
            if address in network:
                return IPv4Address(int(address) >> shift & 0xFFFF_FFFF)
    return None


def not_public(address: Address) -> str | None:
    """Why no request may go to this address, in words that follow "is"; None for a public one."""
    inner = embedded(address)
    if inner is not None:
        why = not_public(inner)
        return why and f"{inner} in IPv6, {why}"
    for network, what in _RESERVED:
        if address in network:
            return what
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "reserved"
    return None


def is_numeric(host: str) -> bool:
    """Whether a host ends in a number, which makes resolvers take it for an IPv4 address, however written."""
    return _NUMERIC.fullmatch(host) is not None


class AllowList:
    """Networks and hosts that requests may go to though they are not public.

    An entry is a network (`10.0.0.0/8`), an address (`10.1.2.3`, `::1`), a host (`crm.internal`), or all
    hosts below a name (`*.internal`). A host that is named is trusted with whatever it resolves to.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        """Parse the entries; raises ValueError, which names the entry, for one that is none of these."""
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        self._suffixes: tuple[str, ...] = ()
        for entry in entries:
            self._add(entry.strip())

    def _add(self, entry: str) -> None:
        if "/" in entry:
            try:
                self._networks.append(ip_network(entry))
            except ValueError as exc:
                raise ValueError(f"`{entry[:80]}` is no network: {exc}") from exc
            return
        try:
            self._networks.append(ip_network(ip_address(entry)))
        except ValueError:
            name = entry.removeprefix("*.").removesuffix(".").lower()
            if not _NAME.fullmatch(name) or is_numeric(name):
                raise ValueError(f"`{entry[:80]}` is neither network, address nor host") from None
            if entry.startswith("*."):
                self._suffixes += (f".{name}",)
            else:
                self._hosts.add(name)

    def host(self, name: str) -> bool:
        """Whether this host (in lower case, without a dot at its end) is opened by its name."""
        return name in self._hosts or name.endswith(self._suffixes)

    def address(self, address: Address) -> bool:
        """Whether this address, or the IPv4 address in it, is opened."""
        inner = embedded(address)
        return any(
            address in network or (inner is not None and inner in network) for network in self._networks
        )
