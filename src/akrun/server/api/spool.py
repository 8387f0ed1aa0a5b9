"""Audiences that come as a body: streamed to a file of the data directory, checked, and let go of."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from fastapi import Request
from starlette.requests import ClientDisconnect

from akrun.model import Channel
from akrun.model.audience import count_rows
from akrun.model.audience_jsonl import read_jsonl
from akrun.model.audience_row import RowReader
from akrun.server.api.body import broke_off, too_large, too_slow
from akrun.server.api.context import Context
from akrun.server.api.problems import Problem
from akrun.server.request import BODY_TIMEOUT, drain

MEDIA_TYPES: Final = ("application/jsonl", "application/x-ndjson")

_NAME: Final = "<audience>"
_PREFIX: Final = ".audience-"


@dataclass(frozen=True, slots=True)
class Spooled:
    """An audience that was sent: its file, and how many rows it has."""

    path: Path
    rows: int


@asynccontextmanager
async def spooled(request: Request, api: Context, channel: Channel) -> AsyncIterator[Spooled | None]:
    """The audience of a request, while the block is open; None for an empty body.

    Raises:
        Problem: The body is of another type (415), too large (413), too slow (408), breaks off (400), or
            there is no room for it (503).
        FileFaults: Faults of its rows.
    """
    path = api.folder / f"{_PREFIX}{uuid4()}.jsonl"
    rows: int | None = None
    try:
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as file:
                if await _receive(request, file, api.settings.api_audience_limit):
                    file.seek(0)
                    rows = await asyncio.to_thread(_count, file, channel)
        except OSError as error:
            raise _not_kept(error) from error
        yield None if rows is None else Spooled(path, rows)
    finally:
        path.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a killed process left behind."""
    for path in folder.glob(f"{_PREFIX}*.jsonl"):
        path.unlink(missing_ok=True)


async def _receive(request: Request, file: BinaryIO, limit: int) -> int:
    """Write a body to a file as it comes; gives its size."""
    size = 0
    chunks = aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(BODY_TIMEOUT):  # of each piece: a large body may take its time
                chunk = await anext(chunks, None)
            if chunk is None:
                return size
            if chunk and not size:
                await _require_type(request)
            size += len(chunk)
            if size > limit:
                await drain(request)
                raise too_large(limit)
            await asyncio.to_thread(file.write, chunk)
    except TimeoutError as error:
        raise too_slow() from error
    except ClientDisconnect as error:
        raise broke_off() from error


async def _require_type(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in MEDIA_TYPES:
        await drain(request)
        shown = f"`{given[:80]}`" if given else "of no type"
        hint = f"send it with the header `Content-Type: {MEDIA_TYPES[0]}`"
        raise Problem(415, "media_type", f"the audience is {shown}, not `{MEDIA_TYPES[0]}`", hint)


def _not_kept(error: OSError) -> Problem:
    detail = f"the audience could not be kept: {(error.strerror or str(error)).lower()}"
    hint = "free disk space and send it again; nothing of it was taken on"
    return Problem(503, "unavailable", detail, hint, headers={"Retry-After": "5"})


def _count(file: BinaryIO, channel: Channel) -> int:
    return count_rows(read_jsonl(file, RowReader(_NAME, channel)))
