"""Channels to begin with: each folder beside this file is a whole one, with mailing and tests.

The folders are real channels, called Acme, so they are checked and tested as they are; a new channel is a
copy with another name.
"""

import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from akrun.channels import catalogue
from akrun.errors import AkrunError

Kind = Literal["json", "form", "xml"]
"""How the service wants a message: as JSON, as an urlencoded form, as XML."""

KINDS: Final[tuple[Kind, ...]] = ("json", "form", "xml")

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_NAMES: Final = re.compile(r"\b(9100|acme|Acme|ACME_KEY)\b")
_README: Final = "README.md"


class ScaffoldError(AkrunError):
    """The channel cannot be made like this."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a new channel is called.

    Attributes:
        name: shown to people.
        string_id: a name for machines.
        id: a number; unique among the channels of a database.
    """

    name: str
    string_id: str
    id: int

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise ScaffoldError("the name is a text of one line")
        if not _IDENTIFIER.fullmatch(self.string_id):
            rule = "up to 64 Latin letters, digits, `_` and `-` that begin with a letter or `_`"
            raise ScaffoldError(f"the string id {self.string_id[:80]!r} is not of {rule}")
        if self.id < 0:
            raise ScaffoldError("the id is a number from 0 on")
        for channel in (entry.channel for entry in catalogue()):
            if self.string_id == channel.string_id:
                raise ScaffoldError(f"the string id `{self.string_id}` is that of a channel of akrun's own")
            if self.id == channel.id:
                raise ScaffoldError(f"the id {self.id} is that of akrun's own channel `{channel.string_id}`")

    @property
    def variable(self) -> str:
        """The environment variable of the service's key."""
        return self.string_id.upper().replace("-", "_") + "_KEY"


def string_id_of(name: str) -> str:
    """A string id made of a name: `Café 24` → `cafe_24`; `channel` of one without Latin letters."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    words = "_".join(re.findall(r"[a-z0-9]+", plain))
    return (words if not words[:1].isdigit() else f"_{words}")[:64] or "channel"


def id_of(string_id: str) -> int:
    """A number for a channel, from 10,000 to 99,999; the same for the same string id."""
    return 10_000 + zlib.crc32(string_id.encode()) % 90_000


def new_channel(folder: Path, names: Names, kind: Kind = "json", *, direct: bool = True) -> list[Path]:
    """Make a channel with a mailing, tests and a README.

    Args:
        folder: where; made if it is not there.
        names: what the channel is called.
        kind: how the service wants messages.
        direct: one message per profile, or one content per mailing.

    Returns:
        The files, in the order of their names.

    Raises:
        ScaffoldError: A file is there already (then nothing is written), or cannot be written.
    """
    texts = dict(_renamed(kind, names, direct=direct))
    taken = [name for name in texts if (folder / name).exists()]
    if taken:
        raise ScaffoldError(f"{folder}: nothing was written, for there is {', '.join(taken)} already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise ScaffoldError(f"{error.filename or folder}: {error.strerror}") from error
    return [folder / name for name in texts]


def _renamed(kind: Kind, names: Names, *, direct: bool) -> Iterator[tuple[str, str]]:
    root = files("akrun.scaffold")
    folder = root / f"{'direct' if direct else 'indirect'}_{kind}"
    parts = [*(part for part in folder.iterdir() if part.is_file()), root / _README]
    words = {"acme": names.string_id, "9100": str(names.id), "ACME_KEY": names.variable}
    quoted = json.dumps(names.name, ensure_ascii=False)[1:-1]
    for part in sorted(parts, key=lambda part: part.name):
        called = {**words, "Acme": names.name if part.name == _README else quoted}
        pieces = _NAMES.split(part.read_text(encoding="utf-8"))
        yield part.name, "".join(called[each] if at % 2 else each for at, each in enumerate(pieces))
