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

SERVE_FILE: Final = "serve.json"
"""In the data directory: where its serving process is reached."""

_TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class ServingControl:
    """A serving process."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def find(cls, data: Path) -> Self | None:
        """The process that serves this data directory; None if none does."""
        try:
            found = orjson.loads((data / SERVE_FILE).read_bytes())
            control = cls(found["url"], found["token"])
            with control._client() as client:
                client.get("/health/live").raise_for_status()
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, httpx.HTTPError):
            return None  # what a killed process left behind
        return control

    def submit(self, job: Job, *, relaunch: bool) -> dict[str, Any]:
        """Hand in a mailing with its audience; gives where it stands."""
        return self._post("/api/mailings", content=_lines(job, relaunch=relaunch))

    def ask(self, mailing_id: str, what: str) -> dict[str, Any]:
        """`pause`, `resume` or `stop` a mailing; gives where it stands."""
        return self._post(f"/api/mailings/{quote(mailing_id, safe='')}/{what}")

    def _post(self, path: str, content: Iterator[bytes] | None = None) -> dict[str, Any]:
        try:
            with self._client() as client:
                response = client.post(path, content=content)
        except httpx.HTTPError as error:
            raise AkrunError(f"the serving process at {self.url} does not answer: {error}") from error
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = {"error": f"the serving process answered {response.status_code}"}
        if response.status_code >= 300:
            raise AkrunError(str(answer.get("error")))
        return dict(answer)

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False)


def _lines(job: Job, *, relaunch: bool) -> Iterator[bytes]:
    """A mailing and its audience as the serving process takes them."""
    head = {
        "channel": job.channel.string_id,
        "mailing": job.mailing.model_dump(mode="json"),
        "relaunch": relaunch,
    }
    yield encode(head) + b"\n"
    if job.channel.communication == "direct":
        for row in job.audience_rows():
            yield encode({"profile": row.profile, "subscription": row.subscription}) + b"\n"
