"""Running on: nothing is sent, known answers are used, what is not known ends the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from akrun.backend.memory import MemoryStore
from akrun.engine.event import Event
from akrun.engine.run import run
from akrun.engine.secrets import Masker
from akrun.engine.trace import Trace
from akrun.engine.trace_record import decode_trace, encode_trace
from akrun.net.failures import HttpFailure
from akrun.net.message import Request, Response
from akrun.rerun.offline import SkippingClock
from akrun.rerun.requests import requests_of
from akrun.rerun.run import Ran, run_dry, run_live
from akrun.rerun.state import State, after, before
from aktmpl.sql import Dialect
from tests.akrun.pipes.bench import Bench, Pipe, chain, compiled, pipe

KEY = "hunter22"
URL = "https://a.example"

PIPES = chain(
    pipe("pack", template={"to": "$origin.to"}),
    pipe("http_request", method="POST", url=f"{URL}/send", content_type="json",
         headers={"key": "$sender.api_key"}),
    pipe("unpack"),
    pipe("set", data={"id": "$in.data.id"}),
    pipe("http_request", url=f"{URL}/state", form={"id": "$in.id"}, retry={"max": 1, "backoff": 30}),
    pipe("unpack"),
)  # fmt: skip


@dataclass
class Service:
    """Answers in turn, and keeps what it got."""

    answers: list[Response | HttpFailure]
    got: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        self.got.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, HttpFailure):
            raise answer
        return answer


def json_answer(body: bytes, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, body, 0.1)


ALL = (json_answer(b'{"id": "g-1", "key": "hunter22"}'), json_answer(b'{"state": "ok"}'))


def event(bench: Bench, **origin: Any) -> Event:
    return bench.event({"send_message_id": "m-1", "to": "+44", **origin}, sender={"api_key": KEY})


def masking(http: Any, **more: Any) -> Bench:
    bench = Bench(http, masker=Masker({"sender.api_key": KEY}))
    bench.services = replace(bench.services, **more)
    return bench


async def traced(*answers: Response | HttpFailure, pipes: Sequence[Pipe] = PIPES) -> dict[str, Any]:
    """The stored trace of a run that got these answers."""
    first = event(masking(Service(list(answers)), clock=SkippingClock()))
    first.trace = Trace(first.services.masker, first.services.clock)
    result = await run(compiled(list(pipes)).pipeline("message"), first)
    return {"attempt": 1, **decode_trace(encode_trace(first.trace, result))}


async def again(
    state: State, *traces: Mapping[str, Any], pipes: Sequence[Pipe] = PIPES, **more: Any
) -> tuple[Ran, Event]:
    """A dry run from a state, by these pipes."""
    second = event(masking(Service([]), **more))
    state.given_to(second)
    return await run_dry(compiled(list(pipes)).pipeline("message"), second, state.pipe, traces), second


def entered(ran: Ran) -> list[int]:
    return [step["pipe"] for step in ran.trace["steps"]]


async def test_known_answers_carry_it_to_its_end() -> None:
    trace = await traced(*ALL)
    ran, _ = await again(before(trace, 2), trace)
    assert (ran.state, ran.stopped, entered(ran)) == ("done", None, [2, 3, 4, 5, 6])
    assert ran.trace["steps"][-1]["output"]["data"] == {"state": "ok"}


async def test_what_came_before_is_not_done_again_and_bytes_are_bytes() -> None:
    trace = await traced(*ALL)
    ran, second = await again(after(trace, 2, compiled(PIPES).pipeline("message")), trace)
    assert entered(ran) == [3, 4, 5, 6]
    assert ran.trace["steps"][0]["output"]["data"] == {"id": "g-1", "key": "***"}
    assert second.data["status"] == 200


async def test_a_request_that_was_not_sent_before_ends_it() -> None:
    trace = await traced(*ALL)
    edited = [dict(each) for each in PIPES]
    edited[4] = {**edited[4], "params": {**edited[4]["params"], "form": {"id": "$in.id", "v": 2}}}
    ran, _ = await again(before(trace, 4), trace, pipes=edited)
    assert (ran.state, ran.stopped) == (
        None,
        "it would send this request, and what follows depends on the answer",
    )
    assert entered(ran) == [4, 5]
    [sent] = requests_of(ran.trace["steps"])
    assert (sent.pipe, sent.request["url"]) == (5, f"{URL}/state?id=g-1&v=2")


async def test_an_answer_is_given_as_often_as_it_came() -> None:
    twice = chain(*(pipe("http_request", url=f"{URL}/x") for _ in range(3)))
    trace = await traced(json_answer(b"1"), json_answer(b"2"), json_answer(b"3"), pipes=twice)
    ran, _ = await again(before(trace, 2), trace, pipes=twice)
    bodies = [step["output"]["body"] for step in ran.trace["steps"]]
    assert (bodies, ran.state) == (["1", "2"], "done")
    longer = [*twice[:2], {**twice[2], "outs": {"success": 4}}, {**twice[2], "id": 4}]
    ran, _ = await again(before(trace, 1), trace, pipes=longer)
    assert (entered(ran), ran.state) == ([1, 2, 3, 4], None)


async def test_retries_wait_for_nothing_and_failures_come_back() -> None:
    lost = HttpFailure("no answer", kind="connection", sent=True, retryable=True)
    trace = await traced(ALL[0], lost, ALL[1])
    ran, _ = await again(before(trace, 5), trace)
    assert ran.state == "done"
    [first, second] = ran.trace["steps"][0]["exchanges"]
    assert (first["failure"], second["response"]["status"]) == (
        {"kind": "connection", "message": "no answer"},
        200,
    )


async def test_what_made_it_fail_is_no_answer() -> None:
    trace = await traced(ALL[0], json_answer(b"no", 400))
    assert trace["state"] == "failed"
    ran, _ = await again(before(trace, None), trace)
    assert (entered(ran), ran.state) == ([5], None)
    assert ran.trace["steps"][0]["exchanges"][0]["response"] is None


async def test_secrets_are_masked_as_in_the_trace() -> None:
    trace = await traced(*ALL)
    ran, _ = await again(before(trace, 1), trace)
    assert ran.trace["steps"][1]["exchanges"][0]["request"]["headers"]["key"] == "***"
    assert KEY not in str(ran.trace)


async def test_the_store_is_read_and_not_changed() -> None:
    stored = MemoryStore()
    await stored.store_set("t", "old", b'"kept"', 60)
    pipes = chain(
        pipe("store_get", table="t", key="old", name="a", delete=True),
        pipe("store_set", table="t", key="new", value="set", ttl=60),
        pipe("store_get", table="t", key="new", name="b"),
        pipe("store_get", table="t", key="old", not_found=5),
        pipe("set", data={"end": True}),
    )
    pipes[3]["outs"] = {}
    ran, second = await again(State(None, None, None, "", exact=True), pipes=pipes, store=stored)
    assert ran.state == "done"
    assert entered(ran) == [1, 2, 3, 4, 5]
    assert (second.data["a"], second.data["b"]) == ("kept", "set")
    assert await stored.store_get("t", "old") == b'"kept"'
    assert await stored.store_get("t", "new") is None


async def test_a_question_to_a_database_ends_it() -> None:
    class Databases:
        def dialect(self, _: str) -> Any:
            return Dialect.STANDARD

    pipes = chain(pipe("sql_pipe", connector_id="crm", query="DELETE FROM clients"))
    ran, _ = await again(State(None, None, None, "", exact=True), pipes=pipes, sql=Databases())
    assert (ran.state, ran.stopped) == (None, "it would ask the database crm")


async def test_branches_stop_it_as_well() -> None:
    pipes = [
        {
            "id": 1,
            "type": "foreach",
            "params": {"items": ["a", "b"], "pipeline": 2, "concurrency": 2},
        },
        {"id": 2, "type": "http_request", "params": {"url": f"{URL}/$in.item"}},
    ]
    ran, _ = await again(State(None, None, None, "", exact=True), pipes=pipes)
    assert ran.stopped is not None
    assert ran.state is None
    assert ran.trace["steps"][0]["exit"] == ""


async def live(pipes: Sequence[Pipe], service: Service, **origin: Any) -> Ran:
    return await run_live(compiled(list(pipes)).pipeline("message"), event(masking(service), **origin), None)


async def test_for_real_it_is_sent() -> None:
    service = Service(list(ALL))
    ran = await live(PIPES, service)
    assert (ran.state, len(service.got)) == ("done", 2)
    assert service.got[0].headers["key"] == KEY


@pytest.mark.parametrize(
    ("to", "place", "what"),
    [
        ("id ***", "the body", "masked"),
        ("long… (9,000 characters)", "the body", "cut"),
    ],
    ids=["masked", "cut"],
)
async def test_what_a_trace_left_out_is_never_sent(to: str, place: str, what: str) -> None:
    service = Service([])
    ran = await live(PIPES, service, to=to)
    assert service.got == []
    message = f"{place} would hold a value that the trace does not keep whole ({what}): pin it"
    assert (ran.state, ran.trace["error"]["message"]) == ("failed", message)


@pytest.mark.parametrize(
    ("params", "place"),
    [({"url": f"{URL}/***"}, "the URL"), ({"url": URL, "headers": {"a": "***"}}, "the header a")],
    ids=["url", "header"],
)
async def test_nor_in_another_place(params: dict[str, Any], place: str) -> None:
    ran = await live(chain(pipe("http_request", **params)), Service([]))
    assert ran.trace["error"]["message"].startswith(f"{place} would hold")
