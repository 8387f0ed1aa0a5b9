"""Connectors as other processes are told of them: references as they are written, and never a secret."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from akrun.backend import ConnectorRecord
from akrun.backend.embedded import Embedded
from akrun.exact_json import decode
from akrun.sql import ConnectorError, connectors_of
from akrun.sql.registration import connector_record, register_connectors, registered_connector

ENVIRON = {"DB": "postgresql+psycopg://u:hunter22@db/crm"}


class Shared(Embedded):
    """Stands for a backend that processes share, and keeps what they are told."""

    def __init__(self) -> None:
        self.told: list[ConnectorRecord] = []

    @property
    def shared(self) -> bool:
        return True

    async def register_connectors(self, connectors: Sequence[ConnectorRecord]) -> None:
        self.told = list(connectors)


@pytest.mark.parametrize("url", ["env:DB", "file:secret", "sqlite:///data/crm.db", "postgresql://u@db/crm"])
def test_a_url_without_a_secret_is_told_as_it_is_written(url: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(ENVIRON["DB"])
    keys = {"url": url, "read_only": True, "identifiers": ["t", "a.b"], "query_timeout": 1.5}
    connector = connectors_of({"crm": keys}, tmp_path, ENVIRON)["crm"]
    record = connector_record("crm", connector)
    assert (record.id, decode(record.document)) == ("crm", keys)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:hunter22@db/crm",
        "postgresql://u:hunter/22@db/crm",
        "postgresql://u:@hunter22@db/crm",
        "postgresql://u:hunter22?@db/crm",
        "postgresql://u:hunter22#@db/crm",
        "mysql+pymysql://:hunter22@db/crm",
        "postgresql://db/crm?user=u&password=hunter22",
        "mssql+pyodbc:///?odbc_connect=PWD%3Dhunter22",
    ],
)
async def test_a_url_that_may_hold_a_password_is_withheld(url: str, tmp_path: Path) -> None:
    table = {"crm": {"url": url, "pool_size": 2}, "other": {"url": "env:DB"}}
    backend = Shared()
    assert await register_connectors(backend, connectors_of(table, tmp_path, ENVIRON)) == ["crm"]
    crm, other = backend.told
    assert decode(crm.document) == {"pool_size": 2}
    assert b"hunter" not in crm.document + other.document
    with pytest.raises(ConnectorError, match=r'may hold a password.* write url = "env:NAME"'):
        registered_connector(crm)


async def test_a_process_that_is_alone_tells_nobody(tmp_path: Path) -> None:
    table = {"crm": {"url": "postgresql+psycopg://u:hunter22@db/crm"}}
    async with Embedded(tmp_path / "akrun.db") as backend:
        assert await register_connectors(backend, connectors_of(table, tmp_path)) == []


def test_references_and_relative_paths_are_those_of_the_process_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("sqlite:///there.db\n")
    urls = {
        "env:DB": ENVIRON["DB"],
        "file:secret": f"sqlite:///{tmp_path}/there.db",
        "sqlite:///here.db": f"sqlite:///{tmp_path}/here.db",
    }
    for written, url in urls.items():
        record = ConnectorRecord("crm", b'{"url":"%s","max_rows":5}' % written.encode())
        found = registered_connector(record, ENVIRON)
        assert (found.url.get_secret_value(), found.max_rows) == (url, 5)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b'{"url":"env:NOPE"}', "the environment variable `NOPE` is not set"),
        (b'{"url":"file:nope"}', "the file `nope` cannot be read: No such file or directory"),
        (b'{"url":"env:SLIP"}', "this is no URL of a database, such as sqlite:///crm.db"),
        (b'{"url":"env:DB","from_a_later_version":1}', "unknown key"),
    ],
)
def test_what_cannot_be_used_says_why_and_no_secret(document: bytes, why: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        registered_connector(ConnectorRecord("crm", document), {**ENVIRON, "SLIP": "hunter22"})
    assert str(caught.value) == why
