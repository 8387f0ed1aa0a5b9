"""`akrun trace --html`: the page of a message or job, with pictures of its channel's pipeline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from akrun.backend import ChannelRecord
from akrun.errors import AkrunError, FileFaults
from akrun.model.channel import Channel
from akrun.picture.diagram import diagrams_of
from akrun.picture.overlay import trace_overlay
from akrun.picture.svg import draw
from akrun.rerun.registered import registered_channel
from akrun.trace_page import Picture, trace_page

_NOTE = "Drawn from the channel as it is registered now; runs have the same numbers as above."


def write_page(file: Path, found: Mapping[str, Any], record: ChannelRecord | None, note: str) -> None:
    """Write the page.

    Args:
        file: Where it goes.
        found: What `akrun trace --json` prints, and `pipeline`.
        record: The channel as it is registered; without it there are no pictures.
        note: What is said where there are no traces.

    Raises:
        AkrunError: The file cannot be written.
    """
    channel = None if record is None else _channel(record)
    pictures = [None if channel is None else picture(found, each, channel) for each in found["traces"]]
    try:
        file.write_text(trace_page(found, pictures, note), encoding="utf-8")
    except OSError as error:
        raise AkrunError(f"{file}: {error.strerror}") from error


def picture(found: Mapping[str, Any], trace: Mapping[str, Any], channel: Channel) -> Picture | None:
    """The pipeline with the way of an attempt; None where the channel has no such pipeline."""
    pipeline = found["pipeline"]
    diagrams = {each.name: each for each in diagrams_of(channel)}
    if pipeline not in diagrams:
        return None
    state = f": {trace['state']}" if "state" in trace else ""
    overlay = trace_overlay(pipeline, trace, f"attempt {trace['attempt']}{state}")
    return Picture(draw([diagrams[pipeline]], overlay=overlay, prefix=f"picture-{trace['attempt']}"), _NOTE)


def _channel(record: ChannelRecord) -> Channel | None:
    """The registered channel; None for one that an older version took and this one refuses."""
    try:
        return registered_channel(record)[0]
    except FileFaults:
        return None
