"""Events of a channel: what can happen to a message, and which platform event it counts as."""

from typing import Annotated, Final, Literal

from pydantic import Field, StrictInt, StrictStr

from akrun.model.base import Model

EventType = Literal["send", "deliv", "sbounce", "hbounce", "complain", "undeliv", "reply", "custom"]
"""The platform's events; `custom` is for what the platform has no event for."""

_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_-]*$"
_COLOR = r"^#[0-9a-fA-F]{6}$"
PATTERNS: Final = {
    _IDENTIFIER: "Latin letters, digits, `_` and `-` that begin with a letter or `_`",
    _COLOR: "a colour written #RRGGBB",
}
"""What the patterns of keys ask for, in words."""

Identifier = Annotated[StrictStr, Field(pattern=_IDENTIFIER, max_length=64)]
"""A name that stands in addresses, data and reports: Latin letters, digits, `_` and `-`."""

Color = Annotated[StrictStr, Field(pattern=_COLOR)]
"""A colour as `#RRGGBB`."""


class Event(Model):
    """One event of a channel."""

    id: StrictInt = Field(ge=0)
    """Unique in the channel; what the `event` pipe's `action_type` names."""
    string_id: Identifier
    """Unique in the channel; stored in events and data."""
    name: StrictStr = Field(min_length=1)
    """Shown to people."""
    color: Color = "#808080"
    """Of its graph in reports."""
    event_type: EventType
    """The platform event that it counts as."""
