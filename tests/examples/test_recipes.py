"""The recipes: what mocks do not show, done with real servers; and their pages, which show what is there."""

import asyncio
import hashlib
import hmac
import json
import re
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Embedded
from akrun.engine.clock import SystemClock
from akrun.engine.compile import compile_channel
from akrun.engine.event import Event, Services
from akrun.engine.run import Result, run
from akrun.mailing.job import Job, read_job
from akrun.model import parse_located
from akrun.model.channel import Channel
from akrun.net.breaker import Breakers
from akrun.net.client import HttpClient
from tests.akrun.http_server import HttpServer, Received, Reply, loopback_client, serve
from tests.akrun.mailing.scene import invoke
from tests.akrun.server.scene import Serving

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "recipes"
PAGES = ROOT / "docs" / "recipes"
NAMES = sorted(folder.name for folder in RECIPES.iterdir() if folder.is_dir())
LAUNCH = "0c9f4a52-2d7e-5b0a-8a55-6f8f7f6f3c21"
AT_ONCE = 12
KEY = "a-key-that-both-sides-know"


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHAT_SECRET", "CHAT_KEY", "SMS_KEY"):
        monkeypatch.setenv(name, f"the-value-of-{name}")
    for name in ("CHAT_CALLBACK_KEY", "REPORTS_SECRET"):
        monkeypatch.setenv(name, KEY)


@dataclass
class Leaping:
    """A clock that does not wait: it notes for how long it should have, and is there."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@dataclass
class Sending:
    """A recipe's channel with its mailing, sending to a real server, with a real store."""

    job: Job
    services: Services

    async def send(self, name: str) -> Result:
        """One message."""
        roots = {
            "profile": {"id": name},
            "subscription": {"chat": f"chat-{name}", "phone": "+447700900018"},
        }
        pipeline = self.job.compiled.pipeline("message", self.job.constants)
        return await run(pipeline, self.job.event(LAUNCH, name, roots, self.services))

    async def send_all(self) -> list[Result]:
        """Several messages at once."""
        return await asyncio.gather(*(self.send(f"p{number}") for number in range(AT_ONCE)))


@asynccontextmanager
async def sending(
    folder: Path, recipe: str, server: HttpServer, *, client: HttpClient | None = None, **services: Any
) -> AsyncIterator[Sending]:
    given: dict[str, Any] = {"sender.url": server.url}
    if recipe == "token-refresh":
        given["sender.token_url"] = f"{server.url}/token"
    if recipe == "attachments":
        given["template.attachment"] = {**MENU, "url": f"{server.url}/menu.pdf"}
    job = read_job(RECIPES / recipe / "channel.json", RECIPES / recipe / "mailing.json", given=given)
    async with client or loopback_client() as http, Embedded(folder / "akrun.db") as store:
        made = Services(http, lambda _: None, masker=job.masker, store=store, **services)
        yield Sending(job, made)


def states(results: list[Result]) -> set[str]:
    return {result.state for result in results}


# ---------------------------------------------------------------------------------- polling and paging


def at_once(recipe: str) -> dict[str, Any]:
    """The recipe's channel, whose hand-overs are due at once."""
    channel: dict[str, Any] = json.loads((RECIPES / recipe / "channel.json").read_text(encoding="utf-8"))
    for pipes in channel["pipelines"].values():
        for pipe in pipes:
            if pipe["type"] == "scheduled":
                pipe["params"]["delay"] = 0
    return channel


async def test_a_call_is_asked_about_by_a_serving_process_until_it_ends(tmp_path: Path) -> None:
    told = [{"state": "queued"}, {}, {"state": "answered"}]

    def provider(request: Received) -> Reply:
        if request.method == "POST":
            return Reply(201, body=b'{"id": "call 7"}')
        assert request.target == "/calls/call%207"
        return Reply(body=json.dumps(told.pop(0)).encode())

    async with serve(handler=provider) as server:
        values = {"sender.url": server.url, "sender.key": "k-4711"}
        async with Serving(tmp_path, at_once("status-polling"), values).run() as served:
            message = {
                "profile": {"id": "ann"},
                "subscription": {"phone": "+447700900018"},
                "template": {"text": "We expect you at nine."},
            }
            answer = await served.api("POST", "/api/channels/recipe_polling/messages", json=message)
            assert await served.settled() == {"done": 4, "failed": 0}
            assert await served.events(answer.json()["id"]) == ["send", "deliv"]
    assert told == []


async def test_all_pages_are_read_and_the_next_reading_goes_on_there(tmp_path: Path) -> None:
    def provider(request: Received) -> Reply:
        _, _, after = request.target.partition("after=")
        first = int(after or 0)
        reports = [
            {"message": f"m-{number}", "state": "delivered", "at": 1893456000 + number}
            for number in range(first, min(first + 100, 250))
        ]
        page = {"reports": reports, "next": str(first + len(reports)), "more": first + 100 < 250}
        return Reply(body=json.dumps(page).encode())

    async with serve(handler=provider) as server:
        values = {"sender.url": server.url, "sender.key": "k-4711"}
        async with Serving(tmp_path, at_once("paging"), values).run() as served:
            headers = {"X-Hook-Secret": KEY}
            assert (await served.call(b"", headers=headers)).status_code == 200
            assert await served.settled() == {"done": 4, "failed": 0}
            for number in (0, 99, 100, 249):
                assert await served.events(f"m-{number}") == ["deliv"]
            await served.call(b"", headers=headers)
            assert await served.settled() == {"done": 6, "failed": 0}
    assert [request.target for request in server.requests] == [
        "/reports?limit=100",
        "/reports?limit=100&after=100",
        "/reports?limit=100&after=200",
        "/reports?limit=100&after=250",
    ]


# ------------------------------------------------------------------------------------------------ token


class TokenService:
    """Gives tokens and takes messages, only under the token that it gave last."""

    def __init__(self) -> None:
        self.given = 0
        self.answers: list[int] = []

    def __call__(self, request: Received) -> Reply:
        if request.target == "/token":
            self.given += 1
            token = {"access_token": f"t-{self.given}", "expires_in": 3600}
            return Reply(body=json.dumps(token).encode(), delay=0.02)
        status = 201 if request.headers["authorization"] == f"Bearer t-{self.given}" else 401
        self.answers.append(status)
        return Reply(status)


async def test_of_many_messages_without_a_token_one_asks_for_it(tmp_path: Path) -> None:
    service = TokenService()
    async with serve(handler=service) as server, sending(tmp_path, "token-refresh", server) as scene:
        assert states(await scene.send_all()) == {"done"}
    assert (service.given, service.answers) == (1, [201] * AT_ONCE)


async def test_a_token_that_all_were_refused_with_is_replaced_once(tmp_path: Path) -> None:
    service = TokenService()
    async with serve(handler=service) as server, sending(tmp_path, "token-refresh", server) as scene:
        await scene.services.store.store_set("tokens", "bakery", b'"t-revoked"', 600)
        assert states(await scene.send_all()) == {"done"}
    assert service.given == 1
    assert sorted(service.answers) == [201] * AT_ONCE + [401] * AT_ONCE


async def test_without_the_worker_limit_all_ask(tmp_path: Path) -> None:
    service = TokenService()
    text = (RECIPES / "token-refresh" / "channel.json").read_text(encoding="utf-8")
    assert text.count('"workers": 1,') == 2
    located, _ = parse_located(text.replace('"workers": 1,', ""), "channel.json")
    async with serve(handler=service) as server, sending(tmp_path, "token-refresh", server) as scene:
        scene.job = Job(
            compile_channel(Channel.model_validate(located.value), located),
            scene.job.mailing,
            None,
            1,
            b"",
            scene.job.constants,
        )
        await scene.send_all()
    assert service.given > 1


# ------------------------------------------------------------------------------------------ rate limits


async def test_the_pause_that_the_provider_asks_for_is_kept(tmp_path: Path) -> None:
    clock = Leaping()
    async with (
        serve(Reply(429, {"Retry-After": "7"}), Reply(202)) as server,
        sending(tmp_path, "rate-limits", server, clock=clock) as scene,
    ):
        result = await scene.send("ann")
        first, second = server.requests
    assert (result.state, [event.event_type for event in result.effects]) == ("done", ["send"])
    assert clock.slept == [7]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


async def test_pipes_of_two_pipelines_share_one_limit(tmp_path: Path) -> None:
    clock = Leaping()
    async with (
        serve(Reply(202)) as server,
        sending(tmp_path, "rate-limits", server, clock=clock) as scene,
    ):
        later = scene.job.compiled.pipeline("schedule", scene.job.constants)
        origin = {"sms": {"id": "m-1", "to": "+447700900018", "text": "Hello"}, "tries": 1}
        assert (await scene.send("ann")).state == "done"
        assert (await run(later, Event(origin, scene.services), entry=1)).state == "done"
        assert clock.slept == []
        assert (await scene.send("bob")).state == "done"
        assert clock.slept == [pytest.approx(1 / 20)]


@pytest.mark.parametrize(("status", "held_back"), [(429, 0), (503, 1)])
async def test_a_busy_provider_is_not_a_broken_one(tmp_path: Path, status: int, held_back: int) -> None:
    breakers = Breakers(SystemClock(), failures=4, reset=60)
    async with (
        serve(Reply(status)) as server,
        sending(
            tmp_path, "rate-limits", server, client=loopback_client(breakers=breakers), clock=Leaping()
        ) as scene,
    ):
        results = [await scene.send("ann"), await scene.send("bob")]
        assert len(server.requests) == (8 if status == 429 else 4)
    assert len(breakers.states()) == held_back
    assert [len(result.jobs) for result in results] == [1, 1]


# ------------------------------------------------------------------------------------- signed callbacks

BODY = b'{"id": "e-1", "type": "delivered", "message": "m-1", "at": 1893456001}'


def signed(body: bytes, key: str = KEY, age: int = 0) -> dict[str, str]:
    """The headers of the service, made by the standard library alone."""
    stamp = str(int(time.time()) - age)
    digest = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Timestamp": stamp, "X-Signature": f"sha256={digest}"}


@pytest.fixture
def listening(tmp_path: Path) -> Serving:
    channel = json.loads((RECIPES / "signed-callbacks" / "channel.json").read_text(encoding="utf-8"))
    return Serving(tmp_path, channel, {"sender.url": "https://chat.example.com", "sender.key": "k-4711"})


async def test_a_signed_callback_is_answered_and_enters_once(listening: Serving) -> None:
    async with listening.run() as served:
        for _ in range(2):
            answer = await served.call(BODY, headers=signed(BODY))
            assert (answer.status_code, answer.json()) == (200, {"ok": True})
        assert (await served.call(BODY, headers=signed(BODY, age=60))).status_code == 200
        assert await served.settled() == {"done": 1, "failed": 0}
        assert await served.events("m-1") == ["deliv"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BODY, {}, 401),
        (BODY, signed(BODY, key="another-key"), 401),
        (BODY.replace(b"m-1", b"m-2"), signed(BODY), 401),
        (BODY, {**signed(BODY), "X-Timestamp": "1"}, 401),
        (BODY, signed(BODY, age=3600), 403),
        (BODY, signed(BODY, age=-3600), 403),
        (BODY + b" " * 65536, signed(BODY), 413),
    ],
    ids=["unsigned", "key", "body", "time", "old", "future", "size"],
)
async def test_any_other_callback_is_refused(
    listening: Serving, body: bytes, headers: dict[str, str], status: int
) -> None:
    async with listening.run() as served:
        assert (await served.call(body, headers=headers)).status_code == status
        assert await served.settled() == {"done": 0, "failed": 0}


# ------------------------------------------------------------------------------------------ attachments

MENU = {"name": 'menu "5".pdf', "media_type": "application/pdf", "size": 64}
CONTENT = bytes(range(256)) + b"\r\n--akrun-\r\n\r\n--\r\n"


class MediaService:
    """Serves the file, takes uploads and messages."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.uploads: list[EmailMessage] = []
        self.media: list[str] = []
        self.fetched = 0

    def __call__(self, request: Received) -> Reply:
        if request.target == "/menu.pdf":
            self.fetched += 1
            return Reply(body=self.content, delay=0.02)
        if request.target == "/media":
            head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
            parsed = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + request.body)
            self.uploads.append(parsed)
            return Reply(body=b'{"id": "f-17"}', delay=0.02)
        self.media.append(json.loads(request.body)["media"])
        return Reply(201)


async def test_one_file_is_fetched_and_uploaded_once_for_many_messages(tmp_path: Path) -> None:
    service = MediaService(CONTENT)
    async with serve(handler=service) as server, sending(tmp_path, "attachments", server) as scene:
        assert states(await scene.send_all()) == {"done"}
    assert (service.fetched, service.media) == (1, ["f-17"] * AT_ONCE)
    [upload] = service.uploads
    purpose, file = upload.iter_parts()
    assert (purpose.get_param("name", header="content-disposition"), purpose.get_payload()) == (
        "purpose",
        "message",
    )
    assert (file.get_param("name", header="content-disposition"), file.get_content_type()) == (
        "file",
        "application/pdf",
    )
    assert file.get_filename() == "menu %225%22.pdf"
    assert file.get_payload(decode=True) == CONTENT


async def test_a_file_above_the_limit_is_not_sent_on(tmp_path: Path) -> None:
    service = MediaService(bytes(8 * 1024 * 1024 + 1))
    async with serve(handler=service) as server, sending(tmp_path, "attachments", server) as scene:
        result = await scene.send("ann")
    assert result.error is not None
    assert (result.state, result.error["code"]) == ("failed", "too_large")
    assert (service.uploads, service.media) == ([], [])


# ------------------------------------------------------------------------------------------------ pages


def blocks(page: str, language: str) -> Iterator[str]:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    for found in re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield found[1]


def stands_in(block: str, text: str) -> bool:
    """Whether the lines stand in the text one after the other, however deep, and whatever follows."""
    wanted, lines = block.rstrip().rstrip(",").splitlines(), text.splitlines()
    for start in range(len(lines) - len(wanted) + 1):
        part = textwrap.dedent("\n".join(lines[start : start + len(wanted)]))
        if part.rstrip(",").splitlines() == wanted:
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("language", "file", "fewest"), [("json", "channel.json", 2), ("yaml", "channel.test.yaml", 1)]
)
def test_a_page_shows_what_stands_in_the_files(name: str, language: str, file: str, fewest: int) -> None:
    text = (RECIPES / name / file).read_text(encoding="utf-8")
    found = list(blocks(name, language))
    assert len(found) >= fewest
    for block in found:
        assert stands_in(block, text), f"docs/recipes/{name}.md shows what is not in {file}:\n{block}"


DRAWN = {
    "status-polling": "schedule",
    "token-refresh": "message",
    "paging": "schedule",
    "signed-callbacks": "listener",
    "rate-limits": "message",
    "attachments": "message",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_of_a_page_is_of_the_channel_as_it_is(name: str) -> None:
    command = f"graph examples/recipes/{name}/channel.json --pipeline {DRAWN[name]}"
    made = invoke(*command.replace("examples", str(ROOT / "examples")).split(), "--format", "svg").stdout
    kept = (PAGES / f"{name}.svg").read_text(encoding="utf-8")
    assert kept == made, f"make it again: akrun {command} --output docs/recipes/{name}.svg"
    assert f"]({name}.svg)" in (PAGES / f"{name}.md").read_text(encoding="utf-8")


def test_the_index_names_every_recipe() -> None:
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(([\w-]+)\.md\)", index)) == NAMES
    assert sorted(page.stem for page in PAGES.glob("*.md")) == sorted([*NAMES, "index"])
    readme = (RECIPES / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", readme, re.MULTILINE)) == NAMES
