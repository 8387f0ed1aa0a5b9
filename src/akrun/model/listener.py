"""The address at which a channel takes callbacks: the checks a request must pass and the answer it gets."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, StrictInt, StrictStr

from akrun.model import codes
from akrun.model.base import Finding, Model

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
"""An HTTP method."""


class SecretHeader(Model):
    """A header that must carry a shared secret."""

    name: StrictStr = Field(min_length=1)
    """The header's name."""
    value: StrictStr = Field(min_length=1)
    """The secret, or where it is: `env:NAME` or `file:PATH`."""


class Signature(Model):
    """A header that must carry an HMAC of the raw body."""

    header: StrictStr = Field(min_length=1)
    """The header's name."""
    secret: StrictStr = Field(min_length=1)
    """The key, or where it is: `env:NAME` or `file:PATH`."""
    algorithm: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    """The hash."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the header writes the bytes."""
    prefix: StrictStr = ""
    """What stands before them, such as `sha256=`."""
    timestamp_header: StrictStr | None = None
    """Header with the time of sending in Unix seconds, which the HMAC then covers too."""
    tolerance: StrictInt = Field(default=300, gt=0)
    """Seconds by which that time may differ from now."""


class Reply(Model):
    """The answer to an accepted request."""

    status: StrictInt = Field(default=200, ge=200, le=299)
    """The HTTP status."""
    headers: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    """Headers, each value a text template over the request."""
    body: Any = ""
    """A text template, or a document template sent as JSON."""


class Listener(Model):
    """The channel's listener: `/listen/<string_id>[/<resource>]`."""

    methods: tuple[Method, ...] = Field(default=("POST",), min_length=1)
    """Methods that are taken."""
    body_limit: StrictInt = Field(default=1_048_576, gt=0)
    """Most bytes of a body."""
    secret_header: SecretHeader | None = None
    """Check by a shared secret."""
    signature: Signature | None = None
    """Check by a signature."""
    reply: Reply = Reply()
    """The answer."""
    dedupe: StrictStr | None = None
    """A text template over the request; requests that render it alike enter once."""

    def own_rules(self) -> Iterable[Finding]:
        """See `Model.own_rules`."""
        for index, method in enumerate(self.methods):
            if method in self.methods[:index]:
                yield Finding(codes.WRONG_VALUE, f"{method} stands here a second time", ("methods", index))
