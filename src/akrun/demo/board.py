"""A demo notice board: notices are reviewed, posted, taken down, and the service tells by signed callbacks.

`POST /v1/reviews` asks for a review (one that shouts `!!!` is rejected), `POST /v1/posts` posts a text that
passed one, `GET /v1/posts/<id>` asks for its status, `DELETE /v1/posts/<id>` takes it down. The board takes
notices whose title begins with `Brief` down itself, soon after they are published.
"""

import time
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from akrun.demo.callbacks import Callbacks

TOO_LOUD: Final = "it shouts"
TAKEN_DOWN: Final = "taken down by the board"
BRIEF_SECONDS: Final = 0.5

_Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Notice(BaseModel):
    """The body of a review or a post."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(min_length=1, max_length=200)]
    board: _Text
    title: _Text
    text: _Text
    callback_url: Annotated[str, Field(pattern=r"^https?://\S+$")]

    @property
    def content(self) -> tuple[str, str]:
        """What a review is about."""
        return self.title, self.text


@dataclass(slots=True)
class Post:
    """A posted notice; `until` is when the board takes it down, on its clock."""

    notice: Notice
    status: str = "accepted"
    until: float | None = None


class Board:
    """The board and its endpoints."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks
        self._approved: set[tuple[str, str]] = set()
        self._posts: dict[str, Post] = {}
        self.reviews: dict[str, str] = {}
        """Decisions by the reviews' ids."""

    def routes(self) -> list[Route]:
        """Its routes, without any guard."""
        return [
            Route("/v1/reviews", self._review, methods=["POST"]),
            Route("/v1/posts", self._post, methods=["POST"]),
            Route("/v1/posts/{id}", self._status, methods=["GET"]),
            Route("/v1/posts/{id}", self._stop, methods=["DELETE"]),
        ]

    def stats(self) -> dict[str, int]:
        """Reviews by decision, and posts by status."""
        decisions, statuses = list(self.reviews.values()), [post.status for post in self._posts.values()]
        counted = {name: decisions.count(name) for name in ("approved", "rejected")}
        return counted | {name: statuses.count(name) for name in ("published", "removed", "stopped")}

    async def _review(self, request: Request) -> Response:
        notice = await _read(request)
        if isinstance(notice, Response):
            return notice
        decision: dict[str, Any] = {"kind": "review", "id": notice.id, "status": "approved"}
        if "!!!" in notice.title + notice.text:
            decision |= {"status": "rejected", "reason": TOO_LOUD}
        else:
            self._approved.add(notice.content)
        self.reviews[notice.id] = decision["status"]
        self._callbacks.tell(notice.callback_url, decision, _nothing)
        return JSONResponse({"status": "pending"}, 202)

    async def _post(self, request: Request) -> Response:
        notice = await _read(request)
        if isinstance(notice, Response):
            return notice
        if notice.content not in self._approved:
            return JSONResponse({"status": "refused", "reason": "it did not pass a review"}, 403)
        post = self._posts.setdefault(notice.id, Post(notice))
        published = {"kind": "post", "id": notice.id, "status": "published"}
        self._callbacks.tell(notice.callback_url, published, lambda: _publish(post))
        return JSONResponse({"status": "accepted", "id": notice.id}, 201)

    async def _status(self, request: Request) -> Response:
        post = self._posts.get(request.path_params["id"])
        if post is None:
            return JSONResponse({"status": "unknown"}, 404)
        if post.status == "published" and post.until is not None and post.until <= time.monotonic():
            post.status = "removed"
        answer = {"id": post.notice.id, "status": post.status}
        return JSONResponse(answer | ({"reason": TAKEN_DOWN} if post.status == "removed" else {}))

    async def _stop(self, request: Request) -> Response:
        post = self._posts.get(request.path_params["id"])
        if post is None:
            return JSONResponse({"status": "unknown"}, 404)
        post.status = "stopped"
        return JSONResponse({"id": post.notice.id, "status": "stopped"})


def _publish(post: Post) -> None:
    if post.status == "accepted":
        post.status = "published"
        if post.notice.title.startswith("Brief"):
            post.until = time.monotonic() + BRIEF_SECONDS


def _nothing() -> None:
    """A decision needs no further note when it was told."""


async def _read(request: Request) -> Notice | Response:
    try:
        return Notice.model_validate_json(await request.body())
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        return JSONResponse({"status": "rejected", "reason": reason}, 400)
