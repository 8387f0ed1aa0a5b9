import asyncio
from base64 import b64encode
from typing import Any

import pytest

from akrun.engine.clock import SystemClock, VirtualClock
from akrun.engine.run import Result, run
from akrun.pipes.spec import PipeDefaults
from tests.akrun.http_server import HttpServer, Received, Reply, loopback_client, serve
from tests.akrun.pipes.answering import Answering
from tests.akrun.pipes.bench import Bench, Found, Pipe, chain, compiled, error, faults_of, pipe


async def send(
    server: HttpServer,
    params: dict[str, Any],
    *,
    path: str = "/",
    origin: dict[str, Any] | None = None,
    before: tuple[Pipe, ...] = (),
    defaults: PipeDefaults | None = None,
    **roots: Any,
) -> Result:
    """Run these parameters against the server, after other pipes."""
    given = {"url": server.url + path, **params}
    async with loopback_client() as client:
        bench = Bench(http=client, clock=SystemClock())
        channel = compiled(chain(*before, pipe("http_request", **given)), defaults=defaults)
        return await run(channel.pipeline("message"), bench.event(origin or {}, **roots))


async def sent(params: dict[str, Any], **more: Any) -> Received:
    """The request that these parameters lead to."""
    async with serve() as server:
        result = await send(server, params, **more)
        assert result.state == "done", result.error
        return server.requests[0]


async def failed(params: dict[str, Any], *replies: Reply, **more: Any) -> dict[str, Any]:
    """The `$error` that these parameters lead to."""
    async with serve(*replies) as server:
        result = await send(server, params, **more)
        assert result.error is not None
        return dict(result.error)


JSON_BODY = (pipe("pack", template={"a": "$in.x"}),)


# ------------------------------------------------------------------------------------------ request


async def test_by_default_it_is_a_get_without_body_and_the_answer_comes_into_in() -> None:
    async with serve(Reply(headers={"X-Id": "9"}, body=b"hello")) as server:
        result = await send(server, {})
        url = server.url
    [request] = server.requests
    assert (request.method, request.target, request.body) == ("GET", "/", b"")
    assert "content-type" not in request.headers
    assert "authorization" not in request.headers
    assert "idempotency-key" not in request.headers
    data = result.data
    assert (result.state, data["status"], data["body"], data["headers"]["x-id"]) == (
        "done",
        200,
        b"hello",
        "9",
    )
    assert data["elapsed"] > 0
    assert url not in str(data)


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
async def test_a_form_is_the_query_of_get_delete_and_head(method: str) -> None:
    form = {"a": "$in.x", "n": "$#in.n", "l": ["1", 2], "o": {"k": [1]}, "z": None, "t": True}
    request = await sent(
        {"method": method, "form": form}, path="/p?k=%20v#top", origin={"x": "Ж &", "n": 1.0}
    )
    expected = "/p?k=%20v&a=%D0%96+%26&n=1&l=1&l=2&o=%7B%22k%22%3A%5B1%5D%7D&z=&t=true"
    assert (request.method, request.target, request.body) == (method, expected, b"")


@pytest.mark.parametrize(
    ("path", "target"), [("/p", "/p?a=1"), ("/p?", "/p?a=1"), ("/p?b", "/p?b&a=1"), ("/p?b&", "/p?b&a=1")]
)
async def test_the_form_is_joined_to_the_query(path: str, target: str) -> None:
    assert (await sent({"form": {"a": 1}}, path=path)).target == target


async def test_bytes_that_are_no_text_cannot_stand_in_a_form() -> None:
    failure = await failed({"form": {"a": "$#in.raw"}}, origin={"raw": b"\xff"})
    assert (failure["code"], failure["kind"]) == ("parameter", "parameter")
    assert failure["message"].startswith("form.a: ")


async def test_an_empty_form_changes_nothing() -> None:
    assert (await sent({"form": {}}, path="/p?b=1")).target == "/p?b=1"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_form_is_the_urlencoded_body_otherwise(method: str) -> None:
    request = await sent({"method": method, "form": {"a": "Ж ", "l": [1, 2]}})
    assert (request.method, request.target, request.body) == (method, "/", b"a=%D0%96+&l=1&l=2")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_a_whole_form_by_reference() -> None:
    assert (await sent({"form": "$#in.f"}, origin={"f": {"a": "b"}})).target == "/?a=b"
    failure = await failed({"form": "$#in.f"}, origin={"f": "a=b"})
    assert failure == error("parameter", "form: an object is needed, not 'a=b'", kind="parameter")


async def test_form_data_is_multipart_with_files_as_parts() -> None:
    form = {"to": "$in.x", 'na"me': ["1", 2], "o": {"k": 1}, "raw": "$#in.raw", "file": "$#in.file"}
    file = {"name": 'ф\r\n".txt', "media_type": "text/plain", "content": b64encode(b"data\xff").decode()}
    params = {"method": "POST", "content_type": "form-data", "form": form, "headers": {"Content-Type": "x"}}
    origin = {"x": "Ж", "file": file, "raw": b"\x00\xff"}
    request, again = await sent(params, origin=origin), await sent(params, origin=origin)
    kind, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert request.body == again.body
    *parts, end = request.body.split(b"--" + boundary.encode())
    assert end == b"--\r\n"
    assert parts == [
        b"",
        '\r\nContent-Disposition: form-data; name="to"\r\n\r\nЖ\r\n'.encode(),
        b'\r\nContent-Disposition: form-data; name="na%22me"\r\n\r\n1\r\n',
        b'\r\nContent-Disposition: form-data; name="na%22me"\r\n\r\n2\r\n',
        b'\r\nContent-Disposition: form-data; name="o"\r\n\r\n{"k":1}\r\n',
        b'\r\nContent-Disposition: form-data; name="raw"\r\n\r\n\x00\xff\r\n',
        '\r\nContent-Disposition: form-data; name="file"; filename="ф%0D%0A%22.txt"\r\n'.encode()
        + b"Content-Type: text/plain\r\n\r\ndata\xff\r\n",
    ]


async def test_a_file_has_defaults_and_may_be_bytes() -> None:
    form = {"f": "$#in.f"}
    request = await sent(
        {"method": "POST", "content_type": "form-data", "form": form}, origin={"f": {"content": b"x"}}
    )
    assert b'name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\nx' in request.body


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"name": "a", "media_type": "b/c", "url": "http://x"}, "a file needs its content, as base64"),
        ({"content": "no base64!"}, "the content of a file is not base64"),
        ({"content": "eA==", "name": 5}, "name and media_type of a file are texts"),
        ({"content": "eA==", "media_type": "a\r\nb"}, "the media type of a file is printable ASCII"),
    ],
)
async def test_a_file_that_is_none(file: dict[str, Any], message: str) -> None:
    params = {"method": "POST", "content_type": "form-data", "form": {"f": "$#in.f"}}
    failure = await failed(params, origin={"f": file})
    assert failure == error("parameter", f"form: form.f: {message}", kind="parameter")


@pytest.mark.parametrize(
    ("content_type", "header"), [("json", "application/json"), ("XML", "application/xml")]
)
async def test_json_and_xml_send_the_body(content_type: str, header: str) -> None:
    request = await sent(
        {"method": "POST", "content_type": content_type}, before=JSON_BODY, origin={"x": "Ж"}
    )
    assert (request.body, request.headers["content-type"]) == ('{"a":"Ж"}'.encode(), header)


async def test_a_body_of_text_is_sent_in_utf8() -> None:
    request = await sent({"method": "POST", "content_type": "xml"}, origin={"body": "<a>Ж</a>"})
    assert request.body == "<a>Ж</a>".encode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_missing_body_says_what_to_add(method: str) -> None:
    failure = await failed({"method": method, "content_type": "json"})
    message = "there is no $in.body to send as json: add a pack before this pipe"
    assert failure == error("body_missing", message, kind="data")
    failure = await failed({"method": method, "content_type": "xml"}, origin={"body": {"a": 1}})
    assert failure == error("not_bytes", "$in.body is not bytes: add a pack before this pipe", kind="data")


async def test_a_get_needs_no_body() -> None:
    request = await sent({"content_type": "json"})
    assert (request.method, request.body, "content-type" in request.headers) == ("GET", b"", False)


async def test_headers_are_text_forms_and_null_leaves_one_out() -> None:
    headers = {
        "X-A": "$in.a",
        "X-N": 1.0,
        "X-$in.a": "n",
        "X-Null": "$#in.z",
        "CONTENT-TYPE": "text/x",
        "X-U": "Ж",
    }
    request = await sent(
        {"method": "POST", "content_type": "json", "headers": headers},
        before=JSON_BODY,
        origin={"x": 1, "a": "b", "z": None},
    )
    got = request.headers
    assert (got["x-a"], got["x-n"], got["x-b"], got["content-type"], got["x-u"]) == (
        "b",
        "1",
        "n",
        "text/x",
        "Ж",
    )
    assert "x-null" not in got


@pytest.mark.parametrize(
    ("headers", "failure"),
    [
        (
            {"X-A": "$#in.v"},
            error("parameter", "headers.X-A: the value of a header is a text", kind="parameter"),
        ),
        (
            {"X-B": "a\r\nX: $in.k"},
            error("header", "the value of header x-b contains a control character", kind="header"),
        ),
        ({"Host ": "x"}, error("header", "'host ' is not a header name", kind="header")),
        ("$#in.k", error("parameter", "headers: an object is needed, not 'k'", kind="parameter")),
    ],
)
async def test_headers_that_cannot_be_sent(headers: Any, failure: dict[str, Any]) -> None:
    assert await failed({"headers": headers}, origin={"v": [1], "k": "k"}) == failure


async def test_basic_authentication() -> None:
    params = {"auth_type": "Basic", "auth_username": "$sender.u", "auth_password": "p:Ж"}
    request = await sent({**params, "headers": {"Authorization": "mine"}}, sender={"u": "me"})
    assert request.headers["authorization"] == f"Basic {b64encode('me:p:Ж'.encode()).decode()}"
    without = await sent({"auth_username": "me"})  # basic is the default where there is a user
    assert without.headers["authorization"] == f"Basic {b64encode(b'me:').decode()}"
    failure = await failed(params, sender={"u": "a:b"})
    assert failure == error(
        "parameter", "auth_username: a user with a colon cannot be sent", kind="parameter"
    )


async def test_bearer_authentication() -> None:
    request = await sent({"auth_type": "bearer", "auth_token": "t$sender.k"}, sender={"k": "1"})
    assert request.headers["authorization"] == "Bearer t1"


async def test_an_idempotency_key_is_a_header() -> None:
    assert (await sent({"idempotency_key": "k-$in.id"}, origin={"id": 5})).headers["idempotency-key"] == "k-5"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "$in.v"}, "method: 'bad' is not one of GET, POST, PUT, DELETE, PATCH, HEAD"),
        ({"content_type": "$in.v"}, "content_type: 'bad' is not one of form, form-data, xml, json"),
        ({"auth_type": "$in.v"}, "auth_type: 'bad' is not one of basic, bearer"),
        ({"timeout": "$in.v"}, "timeout: 'bad' is not a number"),
        ({"timeout": "$#in.n"}, "timeout: -1 is not above zero"),
    ],
)
async def test_parameters_by_template_that_have_no_meaning(params: dict[str, Any], message: str) -> None:
    failure = await failed(params, origin={"v": "bad", "n": -1})
    assert failure == error("parameter", message, kind="parameter")


async def test_parameters_by_template() -> None:
    params = {"method": "$in.m", "content_type": "$in.c", "timeout": "$#in.t"}
    request = await sent(params, origin={"m": "post", "c": "json", "t": 5, "body": b"1"})
    assert (request.method, request.body) == ("POST", b"1")


# ------------------------------------------------------------------------------------------ answers


@pytest.mark.parametrize("status", [200, 202, 208])
async def test_statuses_that_are_success_by_default(status: int) -> None:
    async with serve(Reply(status=status)) as server:
        assert (await send(server, {})).state == "done"


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(209, False), (302, False), (400, False), (404, False), (429, True), (500, True), (503, True)],
)
async def test_other_statuses_fail_and_keep_the_answer(status: int, retryable: bool) -> None:  # noqa: FBT001
    async with serve(Reply(status=status, headers={"X-A": "b"}, body=b"why")) as server:
        result = await send(server, {}, path="/p?token=secret")
        message = f"{server.url}/p answered {status}"
    assert result.error == error(status, message, kind="status", status=status, retryable=retryable)
    assert (result.data["body"], result.data["status"], result.data["headers"]["x-a"]) == (
        b"why",
        status,
        "b",
    )
    assert result.data["elapsed"] > 0


async def test_success_codes_are_numbers_and_ranges() -> None:
    for status, state in ((200, "failed"), (404, "done"), (410, "done"), (411, "failed"), (501, "done")):
        async with serve(Reply(status=status)) as server:
            result = await send(server, {"success_codes": [404, "405-410", "501"]})
            assert (status, result.state) == (status, state)


async def test_error_is_readable_on_the_error_exit() -> None:
    async with serve(Reply(status=400, body=b'{"reason":"no such number"}')) as server:
        pipes = chain(
            pipe("http_request", url=server.url),
            pipe("unpack"),
            pipe("set", data={"why": "$error.code/$error.pipe/$error.kind: $in.data.reason"}),
        )
        pipes[0]["outs"] = {"error": 2}
        async with loopback_client() as client:
            result = await run(compiled(pipes).pipeline("message"), Bench(http=client).event({}))
    assert (result.state, result.data["why"]) == ("done", "400/1/status: no such number")


async def test_the_timeout_is_a_total_deadline() -> None:
    failure = await failed({"timeout": 0.1}, Reply(body=[b"x"] * 100, pause=0.03))
    assert failure == error("timeout", failure["message"], kind="timeout", retryable=True)
    assert "within 0.1 s" in failure["message"]


async def test_the_default_timeout_comes_from_the_configuration() -> None:
    failure = await failed({}, Reply(hang=True), defaults=PipeDefaults(http_timeout=0.1))
    assert (failure["code"], "within 0.1 s" in failure["message"]) == ("timeout", True)


async def test_nobody_answers() -> None:
    async with serve() as server:
        pass
    result = await send(server, {})
    assert result.error is not None
    assert result.error == error("connection", result.error["message"], kind="connection", retryable=True)
    assert "body" not in result.data


async def test_redirects() -> None:
    for follow, status in ((False, 302), (True, 200)):
        async with serve(Reply(status=302, headers={"Location": "/x"}), Reply(body=b"x")) as server:
            result = await send(server, {"follow_redirects": follow, "success_codes": ["200-399"]})
            assert (result.data["status"], len(server.requests)) == (status, 1 + follow)


async def test_max_response() -> None:
    failure = await failed({"max_response": 3}, Reply(body=b"1234"))
    assert failure == error("too_large", "the response's body is larger than 3 bytes", kind="too_large")


async def test_an_address_that_is_none() -> None:
    failure = await failed({"url": "$in.u"}, origin={"u": "javascript:alert(1)"})
    assert (failure["code"], failure["kind"], failure["retryable"]) == ("url", "url", False)
    failure = await failed({"url": "$in.u"}, origin={})
    assert (failure["code"], failure["kind"]) == ("E301", "template")


# -------------------------------------------------------------------------- pool, workers, rate


async def busy_together(
    params: dict[str, Any], beside: dict[str, Any], defaults: PipeDefaults | None = None
) -> int:
    async with serve(Reply(delay=0.02)) as server, loopback_client() as client:
        given = {**pipe("http_request", url=server.url, **params), **beside}
        pipeline = compiled(chain(given), defaults=defaults).pipeline("message")
        bench = Bench(http=client, clock=SystemClock())
        results = await asyncio.gather(*(run(pipeline, bench.event({})) for _ in range(8)))
        assert {result.state for result in results} == {"done"}
        return server.most_at_once


async def test_pool_size_and_workers_bound_what_is_busy_together() -> None:
    assert await busy_together({"pool_size": 2}, {}) == 2
    assert await busy_together({}, {"workers": 3}) == 3
    assert await busy_together({}, {}, PipeDefaults(http_max_conn=2)) == 2
    assert await busy_together({}, {}, PipeDefaults(worker_size=2)) == 2
    assert await busy_together({}, {}) == 8


async def paced(params: list[dict[str, Any]], pipeline: str, count: int) -> list[float]:
    clock = VirtualClock()
    http = Answering(clock)
    bench = Bench(http=http, clock=clock)
    channel = compiled(chain(*(pipe("http_request", url="http://h/", **each) for each in params)), pipeline)
    events = [asyncio.create_task(run(channel.pipeline(pipeline), bench.event({}))) for _ in range(count)]
    await clock.advance(100)
    assert all(task.done() for task in events)
    return http.at


async def test_limit_paces_the_requests() -> None:
    limit = {"rate": 1, "per": 2, "burst": 2}
    assert await paced([{"limit": limit}], "message", 4) == [0, 0, 2, 4]


async def test_pipes_share_a_limit_by_its_key() -> None:
    limit = {"rate": 1, "burst": 1, "key": "api"}
    assert await paced([{"limit": limit}, {"limit": limit}], "message", 2) == [0, 1, 2, 3]
    own = {"rate": 1, "burst": 1}
    assert await paced([{"limit": own}, {"limit": own}], "message", 2) == [0, 0, 1, 1]


@pytest.mark.parametrize(("pipeline", "rate"), [("message", 300), ("schedule", 200), ("stop", 200)])
async def test_without_a_limit_there_is_one_all_the_same(pipeline: str, rate: int) -> None:
    at = await paced([{}], pipeline, rate)
    assert sum(moment == 0 for moment in at) == rate // 10
    assert at[-1] == pytest.approx(0.9, abs=0.01)


# ------------------------------------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("params", "found"),
    [
        (
            {"method": "GTE"},
            Found("C503", "`method`: 'GTE' is not one of", "did you mean `GET`?", '"method": "GTE"'),
        ),
        (
            {"content_type": "jsn"},
            Found("C503", "`content_type`: 'jsn' is not", "did you mean `json`?", '"content_type": "jsn"'),
        ),
        ({"timeout": 0}, Found("C503", "`timeout`: 0 is not above zero", None, '"timeout": 0')),
        ({"timeout": True}, Found("C503", "`timeout`: true is not a number", None, '"timeout": true')),
        ({"pool_size": 0}, Found("C204", "`pool_size` must be at least 1", None, '"pool_size": 0')),
        ({"max_response": 0}, Found("C204", "`max_response` must be at least 1", None, '"max_response": 0')),
        (
            {"follow_redirects": "yes"},
            Found("C203", "`follow_redirects` must be true or false", None, '"follow_redirects": "yes"'),
        ),
        ({"success_codes": [99]}, Found("C503", "a status is a number from 100 to 599", None, "99")),
        (
            {"success_codes": ["300-200"]},
            Found("C503", "a status is a number from 100 to 599", None, '"300-200"'),
        ),
        ({"form": [1]}, Found("C503", "`form` must be an object", None, '"form": [')),
        ({"headers": 5}, Found("C503", "`headers` must be an object", None, '"headers": 5')),
        (
            {"auth_type": "basic"},
            Found("C503", "auth_type basic needs `auth_username`", None, '"auth_type": "basic"'),
        ),
        (
            {"auth_type": "bearer"},
            Found("C503", "auth_type bearer needs `auth_token`", None, '"auth_type": "bearer"'),
        ),
        (
            {"auth_type": "digest"},
            Found("C503", "`auth_type`: 'digest' is not one of basic, bearer", None, '"auth_type": "digest"'),
        ),
        (
            {"auth_token": "x"},
            Found("C503", "`auth_token` has no use without auth_type bearer", None, '"auth_token": "x"'),
        ),
        ({"limit": {"rate": 0}}, Found("C204", "`rate` must be more than 0", None, '"rate": 0')),
        ({"limit": {"rte": 5}}, Found("C201", "the key `rate` is missing", None, '"limit": {')),
        ({"urll": "x"}, Found("C202", "unknown key `urll`", "did you mean `url`?", '"urll": "x"')),
        ({"url": 5}, Found("C203", "`url` must be text, not a whole number", 'write "5"', '"url": 5')),
    ],
)
def test_faults(params: dict[str, Any], found: Found) -> None:
    fault = faults_of(pipe("http_request", **{"url": "http://h/", **params}))[0]
    assert fault.message.startswith(found.message)
    assert (fault.code, fault.hint, fault.line) == (found.code, found.hint, found.line)


def test_limits_of_one_name_must_agree() -> None:
    first, second = ({"rate": rate, "key": "api"} for rate in (1, 2))
    [fault] = faults_of(*(pipe("http_request", url="http://h/", limit=limit) for limit in (first, second)))
    assert (fault.code, fault.message) == ("C505", "the limit `api` has another rate in an earlier pipe")


def test_templates_in_every_part_are_checked() -> None:
    params = {
        "url": "$a.x", "form": {"f": "$b.x"}, "headers": {"h": "$c.x"}, "auth_type": "basic",
        "auth_username": "$d.x", "auth_password": "$g.x", "idempotency_key": "$j.x", "timeout": "$k.x",
    }  # fmt: skip
    found = faults_of(pipe("http_request", **params))
    assert [fault.code for fault in found] == ["E201"] * 7
