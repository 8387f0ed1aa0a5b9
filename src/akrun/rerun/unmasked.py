"""A sender that lets nothing out in which a secret or a part of a text is missing."""

from akrun.errors import PipeFailure
from akrun.net.client import Sender
from akrun.net.message import Request, Response
from akrun.rerun.gaps import gap_in


class Unmasked:
    """The `Sender` that refuses a request with what a trace shows in place of a secret or of a long text."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def send(self, request: Request) -> Response:
        """See `Sender.send`; PipeFailure of kind `masked` for one that is refused."""
        parts = {
            "the URL": request.url,
            **{f"the header {name}": each for name, each in request.headers.items()},
        }
        parts["the body"] = (request.content or b"").decode("utf-8", "replace")
        for name, text in parts.items():
            if what := gap_in(text):
                message = f"{name} would hold a value that the trace does not keep whole ({what}): pin it"
                raise PipeFailure("masked", message, kind="masked")
        return await self._sender.send(request)
