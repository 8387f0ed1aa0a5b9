"""Audiences: JSONL, JSON and CSV files read row by row, in memory that does not grow with the file."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from akrun.errors import Fault, FileFaults
from akrun.model import codes
from akrun.model.audience_csv import read_csv
from akrun.model.audience_json import read_json_array
from akrun.model.audience_jsonl import read_jsonl
from akrun.model.audience_row import AudienceRow, RowFault, RowReader
from akrun.model.channel import Channel
from akrun.model.located import lone_fault, unreadable

MAX_FAULTS: Final = 20
"""Faults that `validate_audience` shows; further ones are only counted."""

_READERS: Final[dict[str, Callable[[BinaryIO, RowReader], Iterator[AudienceRow | RowFault]]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json_array,
    ".csv": read_csv,
    ".tsv": read_csv,
}


def read_audience(path: str | Path, channel: Channel) -> Iterator[AudienceRow | Fault]:
    """Rows of an audience file in its order, and in the place of a broken row its faults.

    A row without a subscription field that the channel requires is no fault: it comes with `skip_reason`.
    Profile ids that come twice are not looked for.

    Args:
        path: A `.jsonl` (`.ndjson`) file with one JSON object to a line, a `.json` file with an array of
            such objects, or a `.csv` (`.tsv`) file with a header.
        channel: Whose subscription fields the rows carry.

    Raises:
        FileFaults: The file cannot be opened, or is of another format. Raised before the first row.
    """
    for item in _read(path, channel):
        yield item.located() if isinstance(item, RowFault) else item


def validate_audience(path: str | Path, channel: Channel) -> int:
    """Read a whole audience; returns the number of its rows, those to be skipped included.

    Raises:
        FileFaults: The first `MAX_FAULTS` faults, and how many more there are.
    """
    return count_rows(_read(path, channel))


def count_rows(items: Iterable[AudienceRow | RowFault]) -> int:
    """The number of rows; raises as `validate_audience` when there are faults among them."""
    count = 0
    faults: list[RowFault] = []
    omitted = 0
    for item in items:
        if isinstance(item, AudienceRow):
            count += 1
        elif len(faults) < MAX_FAULTS:
            faults.append(item)
        else:
            omitted += 1
    if faults:
        raise FileFaults((fault.located() for fault in faults), omitted)
    return count


def _read(path: str | Path, channel: Channel) -> Iterator[AudienceRow | RowFault]:
    name = str(path)
    reader = _READERS.get(Path(path).suffix.lower())
    if reader is None:
        hint = "a .jsonl file (an object per line), a .json file (an array) or a .csv file (with a header)"
        raise lone_fault(name, codes.UNKNOWN_FORMAT, "this is no format of an audience", hint)
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below; only a failure to open is translated
    except OSError as error:
        raise unreadable(name, error) from error
    with file:
        start = file.read(2)
        if start in (b"\xff\xfe", b"\xfe\xff"):
            raise lone_fault(name, codes.NOT_UTF8, "the file is UTF-16", "save it as UTF-8")
        file.seek(3 if start + file.read(1) == b"\xef\xbb\xbf" else 0)
        yield from reader(file, RowReader(name, channel))
