"""What the doctor looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from akrun.backend import Backend, Embedded
from akrun.backend.chosen import chosen
from akrun.engine.clock import Clock, SystemClock
from akrun.errors import FileFaults
from akrun.model.servers import servers_of
from akrun.model.setting_layers import SECRETS
from akrun.model.settings import Configuration, Settings
from akrun.pipes.spec import PipeDefaults


@dataclass(frozen=True, slots=True)
class Scope:
    """An installation in its surroundings.

    Attributes:
        configuration: as it was read; None when it has faults.
        faults: of the configuration.
        data: the data directory; as far as it can be told, when the configuration has faults.
        database: the database in it.
        serve_file: the file in it in which a serving process says where it is.
        environ: the process's environment.
        files: channels' files that were named.
        defaults: of pipes, as the settings have them.
        clock: the time.
    """

    configuration: Configuration | None
    faults: FileFaults | None
    data: Path
    database: Path
    serve_file: Path
    environ: Mapping[str, str] = field(repr=False)
    files: tuple[Path, ...] = ()
    defaults: PipeDefaults = field(default_factory=PipeDefaults)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def settings(self) -> Settings:
        """The settings; their defaults when the configuration has faults."""
        return Settings.model_construct() if self.configuration is None else self.configuration.settings

    @property
    def clustered(self) -> bool:
        """Whether everything is on the servers of a cluster, and nothing in the database."""
        return bool(servers_of(self.settings.backend))

    @property
    def backend(self) -> Backend | None:
        """The backend for reading, unopened; None where there is no database yet."""
        if self.clustered:
            return chosen(self.settings, read_only=True)
        return Embedded(self.database, read_only=True) if self.database.exists() else None

    def secrets(self) -> dict[str, str]:
        """What must not be printed, by name, as far as the configuration has it."""
        found = {}
        for name, connector in self.settings.connectors.items():
            url = found[f"connectors.{name}.url"] = connector.url.get_secret_value()
            if password := _password(url):
                found[f"connectors.{name}.password"] = password
        for name in SECRETS:
            secret = getattr(self.settings, name)
            if secret is not None:
                found[name] = secret.get_secret_value()
                if password := _password(found[name]):
                    found[f"{name}.password"] = password
        return found


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None
