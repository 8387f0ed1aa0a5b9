import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from akrun.net.client import HttpClient
from akrun.net.failures import HttpFailure
from akrun.net.guard import Guard
from akrun.net.message import Request
from akrun.net.target import target_of
from tests.akrun.http_server import Reply, serve
from tests.akrun.net.ssrf_cases import ALLOWED, PUBLIC, REFUSED, Case


class Names:
    """A resolver that answers by script, and notes what it was asked."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return list(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


async def refusal(host: str, guard: Guard) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        await guard.addresses(host, 80)
    return caught.value


@pytest.fixture
def anyio_backend() -> str:
    """The fixtures below watch over asyncio's own loop; refusing comes before connecting."""
    return "asyncio"


@pytest.fixture
def to_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever connects to another machine is a fault of the guard."""
    connect = asyncio.BaseEventLoop.create_connection

    async def create_connection(loop: Any, protocol: Any, host: str, port: int, **options: Any) -> Any:
        assert host == "127.0.0.1"
        return await connect(loop, protocol, host, port, **options)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", create_connection)


@pytest.fixture
def unconnected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Connections that somebody tried to open; none is opened."""
    tried: list[Any] = []

    async def create_connection(_: Any, __: Any, host: str, port: int, **___: Any) -> Any:
        tried.append((host, port))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", create_connection)
    return tried


@pytest.mark.parametrize("case", REFUSED, ids=[f"{i:03}" for i in range(len(REFUSED))])
async def test_what_must_not_be_requested_is_refused_before_anything_connects(
    case: Case, unconnected: list[Any]
) -> None:
    async with HttpClient(guard=Guard(resolve=Names(case.answers))) as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", case.url))
    failure = caught.value
    assert failure.kind in {"refused", "url"}, failure.message
    assert (failure.code, failure.sent, failure.retryable) == (failure.kind, False, False)
    assert unconnected == []


@pytest.mark.parametrize("case", REFUSED, ids=[f"{i:03}" for i in range(len(REFUSED))])
@pytest.mark.usefixtures("to_loopback_only")
async def test_a_redirect_there_is_refused_too(case: Case) -> None:
    names = Names(case.answers)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == "api.test" else await names(host, port)

    location = case.url.replace("\r\n", "%0d%0a")  # with the line's end it would be another header
    reply = Reply(raw=f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n".encode())
    async with serve(reply) as server, HttpClient(guard=Guard(["api.test"], resolve=resolve)) as client:
        with pytest.raises(HttpFailure) as caught:
            await client.send(Request("GET", f"http://api.test:{server.port}/", follow_redirects=True))
    assert caught.value.kind in {"refused", "redirect"}, caught.value.message
    assert caught.value.sent, "the request that was redirected did leave"
    assert len(server.requests) <= 11


@pytest.mark.parametrize("case", ALLOWED, ids=[f"{i:03}" for i in range(len(ALLOWED))])
async def test_what_is_public_is_connected_to_at_its_first_address(
    case: Case, unconnected: list[Any]
) -> None:
    names = Names(case.answers)
    async with HttpClient(guard=Guard(resolve=names)) as client:
        with pytest.raises(HttpFailure, match="cannot connect to"):
            await client.send(Request("GET", case.url))
    origin = target_of(case.url).origin
    addresses = case.answers if names.asked else (origin.host,)
    assert unconnected == [(str(ip_address(each)), origin.port) for each in addresses]


async def test_a_refusal_names_host_address_reason_and_cure() -> None:
    failure = await refusal("crm.example", Guard(resolve=Names((PUBLIC, "10.0.0.5"))))
    assert failure.message == (
        "the request is refused: crm.example leads to 10.0.0.5, which is in a private network;"
        " if it is wanted, allow it: crm.example in the setting http_allow,"
        ' or Guard(["crm.example"]) in Python'
    )
    local = (await refusal("127.0.0.1", Guard())).message
    assert "127.0.0.1 is this machine" in local
    assert local.endswith('or Guard(["127.0.0.1"]) in Python')
    mapped = await refusal("::ffff:10.0.0.1", Guard())
    assert "::ffff:a00:1 is 10.0.0.1 in IPv6, in a private network" in mapped.message


@pytest.mark.parametrize(
    ("allow", "host", "answers"),
    [
        ("10.0.0.0/8", "a.example", ("10.1.2.3",)),
        ("10.1.2.3", "10.1.2.3", ()),
        ("::1", "a.example", ("::1",)),
        ("fd00::/8", "a.example", ("fd00::5", PUBLIC)),
        ("10.0.0.0/8", "::ffff:10.0.0.1", ()),
        ("10.0.0.0/8", "64:ff9b::10.0.0.1", ()),
        ("crm.internal", "CRM.internal.", ("192.168.0.1",)),
        ("*.Internal", "a.b.internal", ("192.168.0.1",)),
        (" crm.internal. ", "crm.internal", ("127.0.0.1",)),
        ("metadata.google.internal", "metadata.google.internal", ("169.254.169.254",)),
        ("169.254.169.254", "169.254.169.254", ()),
        ("0.0.0.0/0", "a.example", ("127.0.0.1", "10.0.0.1")),
    ],
)
async def test_the_allow_list_opens_what_it_lists(allow: str, host: str, answers: tuple[str, ...]) -> None:
    found = await Guard([allow], resolve=Names(answers)).addresses(host, 80)
    assert [str(each) for each in found] == [
        str(ip_address(each)) for each in answers or (host.lower().removesuffix("."),)
    ]


@pytest.mark.parametrize(
    ("allow", "host", "answers"),
    [
        ("10.0.0.0/8", "a.example", ("10.1.2.3", "192.168.0.1")),
        ("10.0.0.0/8", "172.16.0.1", ()),
        ("crm.internal", "x.crm.internal", ("10.0.0.1",)),
        ("crm.internal", "crm.internal.example", ("10.0.0.1",)),
        ("*.internal", "internal", ("10.0.0.1",)),
        ("*.internal", "xinternal", ("10.0.0.1",)),
        ("*.internal", "metadata.internal.example", ("10.0.0.1",)),
        ("127.0.0.0/8", "0x7f.1", ()),
        ("fe80::/10", "fe80::1%eth0", ()),
        ("169.254.0.0/16", "metadata.google.internal", ("169.254.169.254",)),
    ],
)
async def test_and_nothing_else(allow: str, host: str, answers: tuple[str, ...]) -> None:
    assert (await refusal(host, Guard([allow], resolve=Names(answers)))).kind == "refused"


@pytest.mark.parametrize(
    "entry",
    [
        "", "*", "*.", ".internal", "a..b", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "http://crm.internal",
        "crm.internal:8080", "127.1", "0x7f.1", "256.1.1.1", "a.*.b", "-a", "fe80::1%eth0/64", "a b", "büro",
    ],
)  # fmt: skip
def test_a_wrong_entry_is_an_error_that_names_it(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is no network|is neither network, address nor host") as caught:
        Guard(["10.0.0.0/8", entry])
    assert f"`{entry}`" in str(caught.value)


async def test_a_name_without_an_address_is_a_connection_failure() -> None:
    async def unknown(_: str, __: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for guard in (Guard(resolve=unknown), Guard(resolve=Names(()))):
        failure = await refusal("nowhere.example", guard)
        assert (failure.kind, failure.sent, failure.retryable) == ("connection", False, True)
        assert failure.message.startswith("cannot connect to nowhere.example: ")


async def test_the_machines_resolver_is_asked_by_default() -> None:
    found = await Guard(["127.0.0.0/8", "::1"]).addresses("localhost", 80)
    assert {str(each) for each in found} <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found))


async def test_the_connection_goes_to_the_checked_address_whatever_the_name_leads_to_later() -> None:
    names = Names(("127.0.0.1",), ("127.0.0.2",), ("10.0.0.1",))
    guard = Guard(["127.0.0.1"], resolve=names)
    async with serve(Reply(keep_alive=False)) as server, HttpClient(guard=guard) as client:
        request = Request("GET", f"http://api.test:{server.port}/")
        assert (await client.send(request)).status == 200
        assert names.asked == [("api.test", server.port)], "the name is looked up once"
        assert server.requests[0].headers["host"] == f"api.test:{server.port}"
        for _ in range(2):
            with pytest.raises(HttpFailure, match=r"leads to (127\.0\.0\.2|10\.0\.0\.1)"):
                await client.send(request)
    assert len(server.requests) == 1


async def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    guard = Guard(["127.0.0.0/8"], resolve=Names(("127.0.0.2", "127.0.0.3", "127.0.0.1")))
    async with serve(Reply(body=b"here")) as server, HttpClient(guard=guard) as client:
        assert (await client.send(Request("GET", f"http://api.test:{server.port}/"))).body == b"here"
