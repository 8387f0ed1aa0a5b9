"""An HTTP client that answers by script and notes when it was asked."""

from akrun.engine.clock import VirtualClock
from akrun.net.message import Request, Response


class Answering:
    """A sender that answers at once and notes when it was asked."""

    def __init__(
        self, clock: VirtualClock, *answers: int | Exception, headers: dict[str, str] | None = None
    ) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.headers = headers or {}
        self.at: list[float] = []
        self.timeouts: list[float] = []

    async def send(self, request: Request) -> Response:
        assert request.url == "http://h/"
        self.at.append(round(self.clock.monotonic(), 3))
        self.timeouts.append(request.timeout)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return Response(answer, self.headers, b"", 0.0)
