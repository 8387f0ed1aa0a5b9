"""How an HTTP exchange fails."""

from akrun.errors import PipeFailure


class HttpFailure(PipeFailure):
    """An exchange that gave no usable response.

    `kind` is one of `url`, `header` (refused before anything was sent), `refused` (an address that requests
    must not go to), `breaker` (the host failed too often just before), `timeout`, `connection`, `tls`,
    `redirect`, `too_large`; `code` is the same word. `sent` is false when the request surely never left this
    machine. The message names the origin and path at most: neither query, credentials nor header values.
    """

    def __init__(self, message: str, *, kind: str, sent: bool, retryable: bool = False) -> None:
        super().__init__(kind, message, kind=kind, retryable=retryable)
        self.sent = sent
