"""The table of networks against the standard library, where that is known to be right, and at its edges."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.net.networks import embedded, is_numeric, not_public

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(ADDRESSES)
def test_nothing_is_public_that_the_standard_library_calls_special(
    address: IPv4Address | IPv6Address,
) -> None:
    if embedded(address) is not None or not_public(address) is not None:
        return
    special = (
        address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
        or address.is_reserved or address.is_unspecified
    )  # fmt: skip
    assert not special


@given(st.ip_addresses(v=4))
def test_an_address_in_another_is_judged_as_itself(address: IPv4Address) -> None:
    inside = not_public(address)
    for outside in (
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(f"64:ff9b::{address}"),
        IPv6Address((0x2002 << 112) | (int(address) << 80) | 1),
    ):
        assert embedded(outside) == address
        assert not_public(outside) == (inside and f"{address} in IPv6, {inside}")


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "::/96", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32",
        "3fff::/20",
    ],
)  # fmt: skip
def test_the_ends_of_a_special_network_are_special_and_its_neighbours_are_not(network: str) -> None:
    found = ip_network(network)
    assert not_public(found[0]) is not None
    assert not_public(found[-1]) is not None
    if network not in {"0.0.0.0/8", "::/96", "64:ff9b:1::/48"}:
        assert not_public(found[0] - 1) is None
        assert not_public(found[-1] + 1) is None


@pytest.mark.parametrize(
    "network", ["fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "5f00::/16", "224.0.0.0/3"]
)
def test_so_are_those_among_reserved_ones(network: str) -> None:
    found = ip_network(network)
    assert not_public(found[0]) is not None
    assert not_public(found[-1]) is not None


def test_the_words_are_of_the_narrowest_network() -> None:
    assert not_public(ip_address("169.254.169.254")) == "a cloud's metadata service"
    assert not_public(ip_address("169.254.1.1")) == "on the local link"
    assert not_public(ip_address("255.255.255.255")) == "broadcast"
    assert not_public(ip_address("2001::1")) == "a Teredo tunnel"
    assert not_public(ip_address("4000::1")) == "reserved"


@pytest.mark.parametrize("host", ["1", "127.1", "0x7f.1", "0X", "a.1", "1.2.3.4", "a.0x", "08"])
def test_what_ends_in_a_number_is_numeric(host: str) -> None:
    assert is_numeric(host)


@pytest.mark.parametrize("host", ["a", "1.a", "1a", "0x7f.a", "0xg", "a-1", "1.2.3.4.a", "x0", "cafe", ""])
def test_what_does_not_is_a_name(host: str) -> None:
    assert not is_numeric(host)
