"""The process that serves a data directory, as other commands reach it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

import httpx
import orjson

from akrun.errors import AkrunError
from akrun.exact_json import encode
from akrun.mailing.job import Job
from akrun.model.servers import EMBEDDED, servers_of
from akrun.model.settings import Settings

SERVE_FILE: Final = "serve.json"
"""In the data directory: where its serving process is reached."""

_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class ServingControl:
    """A serving process, as it tells of itself in the data directory.

    Attributes:
        url: Where it is reached.
        token: With every right.
        pid: Its process id.
        backend, nats_prefix: The settings that say what it works on.
    """

    url: str
    token: str = field(repr=False)
    pid: int = 0
    backend: str = EMBEDDED
    nats_prefix: str = ""

    @classmethod
    def find(cls, data: Path) -> Self | None:
        """The process that serves this data directory; None if none does."""
        try:
            control = cls(**orjson.loads((data / SERVE_FILE).read_bytes()))
            with control._client() as client:
                client.get("/health/live").raise_for_status()
        except (OSError, orjson.JSONDecodeError, TypeError, httpx.HTTPError):
            return None  # what a killed process left behind
        return control

    @classmethod
    def on(cls, settings: Settings) -> Self | None:
        """The process that serves the data directory on the backend of the settings; None if none does.

        Raises:
            AkrunError: It works on another backend.
        """
        control = cls.find(settings.data)
        if control is not None and not control.works_on(settings):
            raise AkrunError(
                f"{settings.data}: process {control.pid}, which serves it, works on "
                f"{_place(control.backend, control.nats_prefix)}, and this command on "
                f"{_place(settings.backend, settings.nats_prefix)}; name the same by --backend, or another "
                "directory by --data"
            )
        return control

    def request(self, method: str, path: str) -> dict[str, Any]:
        """Ask for anything else; `path` goes from `/api/…` on, quoted. Gives the answer's JSON object."""
        return self._exchange(method, path)

    def submit(self, job: Job, *, relaunch: bool) -> dict[str, Any]:
        """Make a mailing and launch it with its audience; gives where it stands."""
        mailing = {"channel": job.channel.string_id, "mailing": job.mailing.model_dump(mode="json")}
        made = self._post("/api/mailings", encode(mailing), "application/json")
        rows = _lines(job) if job.channel.communication == "direct" else None
        path = f"{_address(made['id'])}/launch" + ("?relaunch=true" if relaunch else "")
        return self._post(path, rows, "application/jsonl")

    def ask(self, mailing_id: str, what: str) -> dict[str, Any]:
        """`pause`, `resume` or `stop` a mailing; gives where it stands."""
        return self._post(f"{_address(mailing_id)}/{what}")

    def works_on(self, settings: Settings) -> bool:
        """Whether it is the same backend; one server that both name makes it the same cluster."""
        theirs, ours = servers_of(self.backend), servers_of(settings.backend)
        if not theirs or not ours:
            return theirs == ours
        return self.nats_prefix == settings.nats_prefix and not set(theirs).isdisjoint(ours)

    def _post(
        self, path: str, content: bytes | Iterator[bytes] | None = None, media_type: str | None = None
    ) -> dict[str, Any]:
        return self._exchange("POST", path, content, media_type)

    def _exchange(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        media_type: str | None = None,
    ) -> dict[str, Any]:
        headers = {} if content is None or media_type is None else {"Content-Type": media_type}
        try:
            with self._client() as client:
                response = client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise AkrunError(f"the serving process at {self.url} does not answer: {error}") from error
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = {"detail": f"the serving process answered {response.status_code}"}
        if response.status_code >= 300:
            raise AkrunError(_words(answer))
        return dict(answer)

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False)


def _address(mailing_id: int | str) -> str:
    return f"/api/mailings/{quote(str(mailing_id), safe='')}"


def _place(backend: str, prefix: str) -> str:
    return f"{backend}, nats_prefix {prefix}" if servers_of(backend) else "the database of the directory"


def _lines(job: Job) -> Iterator[bytes]:
    """A mailing's audience as the serving process takes it."""
    for row in job.audience_rows():
        yield encode({"profile": row.profile, "subscription": row.subscription}) + b"\n"


def _words(problem: dict[str, Any]) -> str:
    """A problem for a person: the frames of its faults, or else what is wrong and how to mend it."""
    if faults := problem.get("faults"):
        return "\n\n".join(str(fault["frame"]) for fault in faults)
    hint = problem.get("hint")
    return f"{problem.get('detail')}; {hint}" if hint else str(problem.get("detail"))
