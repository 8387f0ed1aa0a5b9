"""Findings of `akrun lint` that a file allows, each with its reason."""

from pydantic import Field, StrictStr

from akrun.model.base import Model


class Lint(Model):
    """What `akrun lint` need not say of a channel or a pipe; running takes no notice of it."""

    allow: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    """Id of a finding, such as `L402`, and why it is right here."""
