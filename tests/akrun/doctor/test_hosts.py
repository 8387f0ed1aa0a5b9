"""Hosts: which URLs spell one out, what the guard says, what connecting says, certificates."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from akrun.doctor.checks import hosts
from akrun.doctor.finding import Finding, Level
from tests.akrun.doctor.scene import looking, scope_of, told
from tests.akrun.http_server import Reply, serve
from tests.akrun.server.scene import direct_channel
from tests.akrun.server.test_mailings import step


def calling(*urls: str, default: str | None = None) -> dict[str, Any]:
    """A channel whose pipes request these URLs."""
    channel = direct_channel()
    channel["pipelines"]["message"] = [
        step(number, "http_request", url=url) for number, url in enumerate(urls, 1)
    ]
    if default is not None:
        field = {"type": "string", "name": "url", "label": "URL", "default": default}
        channel["fields"]["sender"] = [field]
    return channel


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.com/v1", "https://api.example.com"),
        ("https://API.example.com", "https://api.example.com"),
        ("http://api.example.com:8080/$in.path", "http://api.example.com:8080"),
        ("https://user:pass@api.example.com?x=$in.x", "https://api.example.com"),
        ("https://[2001:db8::1]:444/", "https://[2001:db8::1]:444"),
        ("https://api.example.com:443#x", "https://api.example.com"),
        ("$sender.url/messages", None),
        ("https://$sender.host/messages", None),
        ("https://api.$sender.domain/", None),
        ("https://api.example.com$in.path", None),
        ("https://api.example.com:$sender.port/", None),
        ("https://api.example.com:99999/", None),
        ("ftp://api.example.com/", None),
        ("https://", None),
    ],
)
def test_which_urls_spell_a_host_out(url: str, host: str | None) -> None:
    assert [str(each) for each in hosts.literal_hosts(calling(url))] == ([] if host is None else [host])


def test_defaults_of_fields_count_and_each_host_once() -> None:
    channel = calling("https://a.example/x", "https://a.example/y", default="http://b.example")
    assert [str(each) for each in hosts.literal_hosts(channel)] == ["https://a.example", "http://b.example"]
    assert hosts.literal_hosts(["no channel"]) == []


async def found(folder: Path, *urls: str, allow: str = "") -> list[Finding]:
    file = folder / "chat.json"
    file.write_text(json.dumps(calling(*urls)))
    scope = scope_of(folder, files=(file,), given={"http_allow": allow})
    return await looking(hosts.check, scope)


async def test_none(tmp_path: Path) -> None:
    [each] = await found(tmp_path, "$sender.url")
    assert (each.level, each.subject) == (Level.OK, "hosts")


async def test_the_guard_speaks_first(tmp_path: Path) -> None:
    [each] = await found(tmp_path, "http://127.0.0.1:1/")
    assert (each.level, each.subject) == (Level.FAIL, "http://127.0.0.1:1")
    assert each.message == "the request is refused: 127.0.0.1 is this machine"
    assert "http_allow" in each.cure


async def test_a_name_without_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    [each] = await found(tmp_path, "https://api.example.com/")
    assert each.level is Level.FAIL
    assert "Name or service not known" in each.message
    assert each.cure == "check the name and the machine's resolver"


async def test_an_open_and_a_closed_port_and_no_request(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    async with serve(Reply()) as server:
        opened, refused = await found(
            tmp_path, f"{server.url}/x", f"http://127.0.0.1:{closed}/", allow="127.0.0.0/8"
        )
        assert server.connections == 1
        assert server.requests == []
    assert (opened.level, opened.message) == (Level.OK, "127.0.0.1 takes connections")
    assert (refused.level, refused.subject) == (Level.FAIL, f"http://127.0.0.1:{closed}")


@asynccontextmanager
async def tls_server(certificate: trustme.LeafCert) -> AsyncIterator[int]:
    """A server that speaks TLS and nothing else; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (90, Level.OK, "good for 90 days"),
        (3, Level.WARN, "good for 3 days"),
        (-1, Level.FAIL, "TLS failed: certificate has expired"),
    ],
)
async def test_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, level: Level, words: str
) -> None:
    ca = trustme.CA()
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    certificate = ca.issue_cert("127.0.0.1", not_after=end.replace(tzinfo=None))
    trust = ssl.create_default_context()
    ca.configure_trust(trust)
    monkeypatch.setattr(hosts, "tls_context", lambda: trust)
    async with tls_server(certificate) as port:
        [each] = await found(tmp_path, f"https://127.0.0.1:{port}/", allow="127.0.0.1")
    assert (each.level, words in each.message) == (level, True), each.message


async def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    async with tls_server(trustme.CA().issue_cert("127.0.0.1")) as port:
        found_ = await found(tmp_path, f"https://127.0.0.1:{port}/", allow="127.0.0.1")
    [line] = told(found_, Level.FAIL)
    assert "TLS failed: " in line
