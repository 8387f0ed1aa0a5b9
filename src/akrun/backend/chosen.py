"""The backend that the settings choose: the database in the data directory, or the servers of a cluster."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from akrun.backend.embedded import Embedded
from akrun.backend.errors import BackendError
from akrun.backend.link import Told
from akrun.backend.protocol import Backend
from akrun.model.servers import servers_of
from akrun.model.settings import Settings

if TYPE_CHECKING:
    from akrun.backend.cluster.connection import ClusterOptions
    from akrun.backend.cluster.health import Health

DATABASE: Final = "akrun.db"
"""The embedded backend's file in the data directory."""

_NEEDED: Final = ("nats", "sqlalchemy")
"""Modules that only a cluster needs."""


def chosen(settings: Settings, *, read_only: bool = False, told: Told | None = None) -> Backend:
    """The backend, unopened.

    Args:
        settings: the configuration.
        read_only: whether nothing is to be written; of a cluster, whether its streams must be there.
        told: told when the connection to the servers of a cluster was lost, and when it is back.

    Raises:
        BackendError: it is a cluster, and what that needs is not installed.
    """
    if servers_of(settings.backend):
        options = cluster_options(settings, create=not read_only)
        from akrun.backend.cluster import Cluster  # noqa: PLC0415 - needs what is an extra

        return Cluster(options, told=told)
    return Embedded(
        database(settings.data),
        read_only=read_only,
        durability=settings.durability,
        max_attempts=settings.max_attempts,
    )


def database(data: Path) -> Path:
    """The embedded backend's file."""
    return data / DATABASE


async def cluster_health(settings: Settings) -> "Health":
    """How the servers of the settings are.

    Raises:
        BackendError: they cannot be reached, or what a cluster needs is not installed.
    """
    options = cluster_options(settings)
    from akrun.backend.cluster.health import look  # noqa: PLC0415

    return await look(options)


def cluster_options(settings: Settings, *, create: bool = True) -> "ClusterOptions":
    """The servers of the settings, and how they are used.

    Raises:
        BackendError: what a cluster needs is not installed.
    """
    for name in _NEEDED:
        if find_spec(name) is None:
            cure = "pip install 'akrun[cluster]'"
            raise BackendError(f"a cluster needs the module `{name}`, which is not installed", cure=cure)
    from akrun.backend.cluster.connection import ClusterOptions  # noqa: PLC0415

    return ClusterOptions(
        servers=servers_of(settings.backend),
        prefix=settings.nats_prefix,
        replicas=settings.nats_replicas,
        ack_wait=settings.nats_ack_wait,
        keep=settings.nats_keep_days * 86_400,
        max_attempts=settings.max_attempts,
        data=settings.data,
        create=create,
        report_database=_text(settings.report_database),
        tls_ca=settings.nats_tls_ca,
        tls_cert=settings.nats_tls_cert,
        tls_key=settings.nats_tls_key,
        credentials=settings.nats_credentials,
        nkey=settings.nats_nkey,
        user=settings.nats_user,
        password=_text(settings.nats_password),
    )


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
