"""Connectors as processes that share a backend tell each other of them: without any secret."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from akrun.backend.records import ConnectorRecord
from akrun.backend.sharing import Sharing
from akrun.exact_json import decode, encode
from akrun.model.secret_refs import is_reference
from akrun.sql.config import Connector, ConnectorError, connectors_of

WITHHELD: Final = "its URL may hold a password, and so is not registered"
REFER: Final = 'write url = "env:NAME" or "file:PATH" in the configuration'
"""How to get a connector registered whose URL is withheld."""


async def register_connectors(backend: Sharing, connectors: Mapping[str, Connector]) -> list[str]:
    """Register the connectors of a configuration for the other processes of a backend that is shared.

    Returns:
        Those whose URLs are withheld, as these may hold a secret themselves; the others know of them, but
        cannot use them.
    """
    if not connectors or not backend.shared:
        return []
    await backend.register_connectors([connector_record(*each) for each in connectors.items()])
    return [name for name, connector in connectors.items() if not _may_be_told(connector)]


def connector_record(connector_id: str, connector: Connector) -> ConnectorRecord:
    """A connector as it is registered: its URL as it is written, or none if it may hold a secret."""
    keys = connector.model_dump(mode="json", exclude={"url"}, exclude_defaults=True)
    if _may_be_told(connector):
        keys["url"] = connector.written.get_secret_value()
    return ConnectorRecord(connector_id, encode(keys))


def registered_connector(record: ConnectorRecord, environ: Mapping[str, str] | None = None) -> Connector:
    """A registered connector, its reference or relative path seen from the working directory of this process.

    Raises:
        ConnectorError: it cannot be used here; says why, and no secret.
    """
    keys = decode(record.document)
    if "url" not in keys:
        raise ConnectorError(f"{WITHHELD}; {REFER} that it comes from")
    try:
        return connectors_of({record.id: keys}, Path(), os.environ if environ is None else environ)[record.id]
    except ConnectorError as error:
        raise ConnectorError("; ".join(fault.message for fault in error.faults)) from None


def _may_be_told(connector: Connector) -> bool:
    """Whether the URL is written as a reference, or has no place where a password could be."""
    written = connector.written.get_secret_value()
    user, at, _ = written.partition("://")[2].rpartition("@")
    return is_reference(written) or not ((at and ":" in user) or "?" in written)
