"""The configuration of connectors: references to secrets, paths, faults without secrets."""

from pathlib import Path
from typing import Any

import pytest

from akrun.errors import PipeFailure
from akrun.sql import Connector, ConnectorError, NoConnectors, connectors_of, open_connectors, read_connectors
from aktmpl.sql import Dialect

ENVIRON = {"DB": "postgresql+psycopg://u:hunter22@db/crm\n", "BAD": "hunter22"}


def urls(table: dict[str, Any], base: Path) -> dict[str, str]:
    return {name: each.url.get_secret_value() for name, each in connectors_of(table, base, ENVIRON).items()}


def test_urls(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("mysql+pymysql://u:p@h/d\n")
    assert urls(
        {
            "a": {"url": "env:DB"},
            "b": {"url": "file:secret"},
            "c": {"url": "sqlite:///data/x.db?timeout=5"},
            "d": {"url": "sqlite:////abs/x.db"},
        },
        tmp_path,
    ) == {
        "a": "postgresql+psycopg://u:hunter22@db/crm",
        "b": "mysql+pymysql://u:p@h/d",
        "c": f"sqlite:///{tmp_path}/data/x.db?timeout=5",
        "d": "sqlite:////abs/x.db",
    }


def test_defaults_and_what_is_shown(tmp_path: Path) -> None:
    [connector] = connectors_of({"a": {"url": "env:DB"}}, tmp_path, ENVIRON).values()
    assert connector.model_dump(exclude={"url"}) == {
        "read_only": False, "identifiers": (), "pool_size": 8, "connection_timeout": None,
        "query_timeout": None, "max_rows": 10_000,
    }  # fmt: skip
    assert "hunter22" not in repr(connector) + str(connector) + connector.model_dump_json()


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("sqlite:////x", Dialect.SQLITE),
        ("postgresql://x", Dialect.POSTGRESQL),
        ("postgresql+psycopg://x", Dialect.POSTGRESQL),
        ("mariadb+mysqlconnector://x", Dialect.MYSQL),
        ("mysql://x", Dialect.MYSQL),
        ("oracle+oracledb://x", Dialect.STANDARD),
    ],
)
def test_dialects(url: str, dialect: Dialect) -> None:
    assert Connector.model_validate({"url": url}).dialect is dialect


def test_every_fault_is_told_and_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError) as caught:
        connectors_of(
            {
                "a": {"url": "env:NOPE"},
                "b": {"url": "env:BAD"},
                "c": {"url": "sqlite://"},
                "d": {"url": "postgresql://u:hunter22@h", "readonly": True, "pool_size": 0},
                "e": {},
                "f": "hunter22",
            },
            tmp_path,
            ENVIRON,
        )
    lines = str(caught.value).splitlines()
    assert lines == [
        "connectors.a.url: the environment variable `NOPE` is not set",
        "connectors.b.url: this is no URL of a database, such as sqlite:///crm.db",
        "connectors.c.url: a database in memory is another one for each connection: name a file",
        "connectors.d.pool_size: input should be greater than or equal to 1",
        "connectors.d.readonly: unknown key; did you mean `read_only`?",
        "connectors.e.url: field required",
        "connectors.f: input should be a valid dictionary or instance of Connector",
    ]


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "akrun.toml"
    path.write_text('[connectors.crm]\nurl = "sqlite:///crm.db"\nread_only = true\nidentifiers = ["t"]\n')
    assert read_connectors(path)["crm"].url.get_secret_value() == f"sqlite:///{tmp_path}/crm.db"
    path.write_text("x = 1\n")
    assert read_connectors(path) == {}
    for text in ("connectors = 5\n", "[connectors\n"):
        path.write_text(text)
        with pytest.raises(ConnectorError, match=r"akrun\.toml"):
            read_connectors(path)


async def test_without_connectors_every_use_fails_clearly() -> None:
    nothing = NoConnectors()
    for use in (lambda: nothing.dialect("crm"), lambda: nothing.stream("crm", ("SELECT 1",))):
        with pytest.raises(PipeFailure, match=r"no connector `crm`; the configuration has no \[connectors"):
            use()
    with pytest.raises(PipeFailure) as caught:
        await nothing.rows("crm", ("SELECT 1",))
    assert caught.value.kind == "connector"


def test_without_sqlalchemy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415

    for name in [
        each
        for each in sys.modules
        if each.startswith(("akrun.sql.connectors", "akrun.sql.failures", "akrun.sql.databases"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ConnectorError, match=r"pip install 'akrun\[sql\]'"):
        open_connectors({})
