"""All checks, in the order in which they are shown: a new one is a file here and a line below."""

from typing import Final

from akrun.doctor.checks import (
    channels,
    clock,
    cluster,
    configuration,
    connectors,
    data_directory,
    database,
    hosts,
    serving,
    tokens,
    versions,
    waiting,
)
from akrun.doctor.run import Check

CHECKS: Final = (
    Check("versions", "Versions", versions.check),
    Check("configuration", "Configuration", configuration.check),
    Check("data", "Data directory", data_directory.check),
    Check("database", "Database", database.check, deadline=15.0),
    Check("cluster", "Cluster", cluster.check, deadline=20.0),
    Check("clock", "Clock", clock.check),
    Check("serving", "Serving process", serving.check),
    Check("channels", "Channels", channels.check),
    Check("hosts", "Hosts of services", hosts.check, deadline=20.0),
    Check("connectors", "Connectors", connectors.check, deadline=20.0),
    Check("waiting", "Waiting for a person", waiting.check),
    Check("tokens", "Tokens of the API", tokens.check),
)
