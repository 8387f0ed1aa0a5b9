"""The connection: TLS, who is let in, and what is said when nobody answers; no secret is ever in it."""

import asyncio
import secrets
import ssl
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from nats.js.errors import ServiceUnavailableError

from akrun.backend import RecordError, UnavailableError
from akrun.backend.cluster import Cluster, connection
from akrun.backend.cluster.connection import ClusterOptions, connect, translate
from tests.nats_server import free_ports, serving

PASSWORD = "correct horse"
PASSWORDS = {"authorization": {"user": "akrun", "password": PASSWORD}}


async def reached(options: ClusterOptions) -> bool:
    """Whether JetStream answers."""
    client = await connect(options, patience=5.0)
    try:
        return (await client.jetstream().account_info()).streams == 0
    finally:
        await client.close()


async def refusal(options: ClusterOptions, patience: float = 5.0) -> str:
    with pytest.raises(UnavailableError) as caught:
        await connect(options, patience=patience)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def options_of(url: str, **more: Any) -> ClusterOptions:
    return ClusterOptions(servers=(url,), **more)


async def test_nobody_answers() -> None:
    [port] = free_ports(1)
    url = f"nats://127.0.0.1:{port}"
    said = await refusal(options_of(url), patience=0.2)
    assert said.startswith(f"{url}: ")
    assert said.endswith("check that the servers run and that the setting `backend` names them")


async def test_one_of_several_servers_is_enough(options: ClusterOptions) -> None:
    [port] = free_ports(1)
    client = await connect(replace(options, servers=(f"nats://127.0.0.1:{port}", *options.servers)))
    assert client.is_connected
    await client.close()


async def test_a_server_that_reaches_no_leader_is_left(
    tmp_path: Path, options: ClusterOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STRANDED", 0.0)
    with serving(tmp_path) as other:
        client = await connect(replace(options, servers=(*options.servers, other.url)))
        at = client.connected_url
        await client.unanswered()
        client.answered()
        await client.unanswered()
        assert client.connected_url == at
        assert client.is_connected
        await client.unanswered()
        async with asyncio.timeout(120):
            while client.connected_url in {at, None}:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
        await client.close()


@pytest.mark.parametrize(
    "who",
    [{}, {"user": "akrun"}, {"user": "akrun", "password": PASSWORD + "!"}],
    ids=["nobody", "no password", "a wrong password"],
)
async def test_who_is_not_let_in(tmp_path: Path, who: dict[str, Any]) -> None:
    with serving(tmp_path, PASSWORDS) as server:
        assert "does not let akrun in; check nats_user" in await refusal(options_of(server.url, **who))


async def test_a_user_with_the_right_password(tmp_path: Path) -> None:
    with serving(tmp_path, PASSWORDS) as server:
        assert await reached(options_of(server.url, user="akrun", password=PASSWORD))


class Certificates:
    """An authority, and files of what it has issued."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("akrun@example.org")
        self.ca, self.server, self.server_key, self.client, self.client_key = (
            folder / name for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
        )
        authority.cert_pem.write_to_path(self.ca)
        server.cert_chain_pems[0].write_to_path(self.server)
        server.private_key_pem.write_to_path(self.server_key)
        client.cert_chain_pems[0].write_to_path(self.client)
        client.private_key_pem.write_to_path(self.client_key)

    def config(self, **more: Any) -> dict[str, Any]:
        tls = {"cert_file": self.server, "key_file": self.server_key, "ca_file": self.ca}
        return {"tls": {**{name: str(path) for name, path in tls.items()}, **more}}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_a_trusted_server(
    tmp_path: Path, certificates: Certificates, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(tmp_path, certificates.config(), scheme) as server:
        options = options_of(server.url, tls_ca=certificates.ca)
        assert await reached(options)
        client = await connect(options)
        server.kill()
        async with asyncio.timeout(120):
            while client.is_connected:  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(0.01)
        await asyncio.to_thread(server.start)
        await client.flush(10)
        await client.close()
    assert not caplog.records  # asyncio says nothing of how a connection ended


async def test_a_server_of_another_authority(tmp_path: Path, certificates: Certificates) -> None:
    with serving(tmp_path, certificates.config(), "tls") as server:
        said = await refusal(options_of(server.url))
    assert "the server's certificate is not trusted" in said
    assert said.endswith("name the authority that it comes from by nats_tls_ca")


async def test_a_server_that_wants_to_see_a_certificate(tmp_path: Path, certificates: Certificates) -> None:
    with serving(tmp_path, certificates.config(verify=True), "tls") as server:
        options = options_of(server.url, tls_ca=certificates.ca)
        assert await refusal(options, patience=0.5)
        shown = replace(options, tls_cert=certificates.client, tls_key=certificates.client_key)
        assert await reached(shown)


async def test_no_password_goes_over_a_connection_that_should_be_encrypted(tmp_path: Path) -> None:
    with serving(tmp_path, PASSWORDS, "tls") as server:
        said = await refusal(options_of(server.url, user="akrun", password=PASSWORD))
        assert "the server does not speak TLS" in said
        server.stop()
        assert "authentication" not in server.log.lower()


@pytest.mark.parametrize("name", ["tls_ca", "tls_cert", "tls_key", "credentials", "nkey"])
async def test_a_file_that_is_not_there(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nkeys", object())
    options = options_of("tls://127.0.0.1:1", **{name: tmp_path / "missing.pem"})
    said = await refusal(options)
    assert said.startswith(f"{tmp_path}/missing.pem: no such file or directory")


async def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    said = await refusal(options_of("nats://127.0.0.1:1", tls_ca=tmp_path / "ca.pem"))
    assert said.startswith("certificate or key cannot be used")


@pytest.mark.parametrize("name", ["credentials", "nkey"])
async def test_keys_need_a_package(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nkeys", None)
    said = await refusal(options_of("nats://127.0.0.1:1", **{name: tmp_path / "key"}))
    assert said == "NKeys and credential files need the package nkeys; pip install 'akrun[cluster]'"


async def test_who_shows_a_key(tmp_path: Path) -> None:
    nkeys = pytest.importorskip("nkeys")
    ours, other = (nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER) for _ in range(2))
    seed = tmp_path / "user.nk"
    seed.write_bytes(ours + b"\n")
    user = {"nkey": nkeys.from_seed(bytearray(ours)).public_key.decode()}
    with serving(tmp_path / "server", {"authorization": {"users": [user]}}) as server:
        options = options_of(server.url, nkey=seed)
        assert await reached(options)
        seed.write_bytes(other)
        assert "does not let akrun in" in await refusal(options)
        seed.write_text("no seed")
        said = await refusal(options)
        assert said.startswith(f"{seed}: this is no seed of a user's NKey")


async def test_a_user_of_an_account(tmp_path: Path) -> None:
    from tests.nats_accounts import Account  # noqa: PLC0415 - skips the test where there is no nkeys

    file, account = tmp_path / "akrun.creds", Account()
    with serving(tmp_path / "server", account.config()) as server:
        options = options_of(server.url, replicas=1, data=tmp_path, credentials=file)
        account.write_credentials(file)
        async with Cluster(options) as backend:
            await backend.store_set("table", "key", b"value", 60.0)
            assert await backend.store_get("table", "key") == b"value"
        Account().write_credentials(file)
        assert "does not let akrun in; check " in await refusal(options)


async def test_credentials_that_are_none(tmp_path: Path, options: ClusterOptions) -> None:
    pytest.importorskip("nkeys")
    file = tmp_path / "akrun.creds"
    file.write_text("nothing of the kind")
    said = await refusal(replace(options, credentials=file))
    assert said.startswith(f"{file}: these are no credentials")


def test_options_show_no_secret() -> None:
    options = options_of("nats://h", user="u", password=PASSWORD, report_database=f"x://u:{PASSWORD}@h")
    assert PASSWORD not in repr(options)


def test_failures_in_words(options: ClusterOptions) -> None:
    known = RecordError("known")
    assert translate(known, options) is known
    assert "no encrypted connection" in str(translate(ssl.SSLError("x"), options))
    assert "JetStream does not answer" in str(translate(ServiceUnavailableError(), options))
    assert str(translate(KeyError("x"), options)) == "unexpected KeyError: 'x'"
