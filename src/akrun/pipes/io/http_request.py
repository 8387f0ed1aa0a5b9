"""`http_request`: sends a request to the service."""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, WithJsonSchema

from akrun.engine.event import Event
from akrun.errors import PipeFailure, Uncertain
from akrun.model.base import Model
from akrun.model.pipes import Retry
from akrun.net.failures import HttpFailure
from akrun.net.forms import FORM_TYPE, multipart, urlencoded, with_query
from akrun.net.message import DEFAULT_MAX_RESPONSE, Request, Response, check_url, shown
from akrun.net.ratelimit import RateLimit
from akrun.net.retry import RETRIED, SAFE_METHODS, RetryPolicy, retry_after
from akrun.pipes.convert import data_failure, object_of, one_of, positive_number, text_of, word
from akrun.pipes.effect import Effect, Typing, perhaps, setting
from akrun.pipes.examples import PipeExample
from akrun.pipes.spec import CompiledPipe, Parameter, PipeContext, PipeSpec, parameter_failure
from aktmpl import DocumentTemplate, TextTemplate
from aktmpl.schema import BYTES, FLOAT, INT
from aktmpl.schema import object_of as object_type

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
CONTENT_TYPES = ("form", "form-data", "xml", "json")
AUTH_TYPES = ("basic", "bearer")
SUCCESS = frozenset(range(200, 209))
DEFAULT_RATES = {"message": 300.0}
OTHER_RATE = 200.0

EFFECTLESS = frozenset({"GET", "HEAD"})
IDEMPOTENCY_KEY = "idempotency-key"

_BODY_TYPES = {"json": "application/json", "xml": "application/xml"}
_BODY_REQUIRED = frozenset({"POST", "PUT", "PATCH"})
_QUERY_METHODS = frozenset({"GET", "DELETE", "HEAD"})


class LimitParams(Model):
    """How fast requests may leave; all numbers are plain, the key is no template."""

    rate: StrictFloat = Field(gt=0)
    """Requests per `per` seconds."""
    per: StrictFloat = Field(default=1.0, gt=0)
    """Seconds."""
    burst: StrictFloat | None = Field(default=None, ge=1)
    """Most requests at once after a pause; default a tenth of the rate, at least 1."""
    key: StrictStr | None = Field(default=None, min_length=1)
    """A name under which several pipes of the channel share the limit; default: the pipe's own."""


class HttpRequestParams(Model):
    """Parameters of `http_request`."""

    url: StrictStr
    """The address: http or https."""
    method: Annotated[StrictStr, word(*METHODS)] = "GET"
    """GET, POST, PUT, DELETE, PATCH or HEAD."""
    content_type: Annotated[StrictStr, word(*CONTENT_TYPES)] = "form"
    """`form`: the form as URL query (GET, DELETE, HEAD) or urlencoded body; `form-data`: the form as
    multipart; `json`, `xml`: `$in.body`."""
    form: Any = None
    """Document with the form's fields: a list repeats its field, a file `{name, media_type, content}` is a
    part of form-data, other values are their text form."""
    headers: Any = None
    """Document with the headers; null leaves one out."""
    auth_type: Annotated[StrictStr, word(*AUTH_TYPES)] | None = None
    """`basic` or `bearer`; default `basic` where there is an `auth_username`."""
    auth_username: StrictStr | None = None
    """basic: the user."""
    auth_password: StrictStr | None = None
    """basic: the password; default empty."""
    auth_token: StrictStr | None = None
    """bearer: the token."""
    timeout: Annotated[Any, WithJsonSchema({"type": ["number", "string"]})] = None
    """Seconds for the whole exchange; default `PIPE_HTTP_TIMEOUT`."""
    success_codes: Annotated[
        list[Any] | None, WithJsonSchema({"type": "array", "items": {"type": ["integer", "string"]}})
    ] = None
    """Statuses that are success: numbers and ranges such as `"200-299"`; default 200-208."""
    pool_size: StrictInt | None = Field(default=None, ge=1)
    """Most connections to the host at once; default `PIPE_HTTP_MAX_CONN`."""
    limit: LimitParams | None = None
    """Rate limit; default 300 a second in `message`, 200 elsewhere."""
    retry: Retry | None = None
    """Repetition after failures that may pass; none by default."""
    idempotency_key: StrictStr | None = None
    """Sent as the header `Idempotency-Key`; makes a POST repeatable."""
    on_uncertain: Literal["resend", "hold"] = "resend"
    """What happens when the process ended while a request was under way, so that nobody knows whether it
    arrived: `resend` sends it again; `hold` sets the message aside as uncertain, for a person to decide,
    unless there is an idempotency key. Not of GET and HEAD, which are simply sent again."""
    follow_redirects: StrictBool = False
    """Whether redirects are followed, up to 10; credentials stay with their origin."""
    max_response: StrictInt | None = Field(default=None, ge=1)
    """Most bytes of the decoded body of the response; default 16 MiB."""


@dataclass(frozen=True, slots=True)
class HttpRequestPipe(CompiledPipe):
    """A compiled `http_request`."""

    pipe_id: int
    url: TextTemplate
    method: Parameter[str]
    content_type: Parameter[str]
    form: DocumentTemplate | None
    headers: DocumentTemplate | None
    auth_type: Parameter[str] | None
    auth_username: TextTemplate | None
    auth_password: TextTemplate | None
    auth_token: TextTemplate | None
    timeout: Parameter[float]
    success_codes: frozenset[int]
    pool_size: int
    limit_name: str
    limit: RateLimit
    retry: RetryPolicy
    idempotency_key: TextTemplate | None
    holds: bool
    follow_redirects: bool
    max_response: int

    def prepare(self, event: Event) -> Request:
        """The request as it would be sent now; sends nothing and changes nothing."""
        scope = event.scope
        method, content_type = self.method.get(scope), self.content_type.get(scope)
        url, headers, content = self.url.render_text(scope), self._headers(scope), None
        form = {} if self.form is None else object_of(self.form.render(scope), "form")
        if content_type == "form-data":
            try:
                headers["content-type"], content = multipart(form, text_of)
            except ValueError as exc:
                raise parameter_failure("form", str(exc)) from exc
        elif content_type == "form" and method in _QUERY_METHODS:
            url = with_query(url, form, text_of)
        elif content_type == "form":
            content = urlencoded(form, text_of)
            headers.setdefault("content-type", FORM_TYPE)
        else:
            content = _body(event.data.get("body"), method, content_type)
            if content is not None:
                headers.setdefault("content-type", _BODY_TYPES[content_type])
        self._authenticate(headers, scope)
        return Request(
            method=method,
            url=url,
            headers=headers,
            content=content,
            timeout=self.timeout.get(scope),
            follow_redirects=self.follow_redirects,
            max_response=self.max_response,
            pool_size=self.pool_size,
        )

    async def run(self, event: Event) -> None:
        """Send the request, again where the policy says so; sets `$in.body`, status, headers and elapsed.

        Before a request with an effect leaves, the event's journal says so.
        """
        request = self.prepare(event)
        has_effect = request.method not in EFFECTLESS
        if has_effect and event.uncertain and self.holds and IDEMPOTENCY_KEY not in request.headers:
            address = shown(check_url(request.url))
            raise Uncertain(f"an earlier attempt may have sent this {request.method} to {address}")
        clock, deadline = event.services.clock, self.retry.deadline
        begun = clock.monotonic()
        attempt = 0
        while True:
            await self._wait_for_limit(event)
            attempt += 1
            if has_effect and (attempt == 1 or event.uncertain):
                await event.intend(self.pipe_id, again=event.uncertain)
            left = deadline - (clock.monotonic() - begun)
            try:
                await self._attempt(request if request.timeout <= left else _within(request, left), event)
            except PipeFailure as failure:
                if has_effect:
                    event.unrecorded, event.uncertain = True, _may_have_arrived(failure)
                if attempt > self.retry.max or not self._repeatable(request, failure):
                    raise
                asked = None
                if failure.status is not None:
                    asked = retry_after(event.data["headers"], clock.now())
                delay = self.retry.delay(attempt, event.services.chance(), asked)
                if clock.monotonic() - begun + delay >= deadline:
                    raise
                await clock.sleep(delay)
            else:
                if has_effect:
                    event.unrecorded, event.uncertain = True, False
                return

    async def _wait_for_limit(self, event: Event) -> None:
        bucket = event.services.limits.bucket(self.limit_name, self.limit)
        if bucket.try_acquire():
            return
        clock = event.services.clock
        begun = clock.monotonic()
        await bucket.acquire(urgent=event.services.urgent)
        if event.trace is not None:
            event.trace.waited(clock.monotonic() - begun)

    async def _attempt(self, request: Request, event: Event) -> None:
        trace = event.trace
        if trace is not None:
            trace.sending(request)
        try:
            response = await event.services.http.send(request)
        except PipeFailure as failure:
            if trace is not None:
                trace.failed(failure)
            raise
        if trace is not None:
            trace.received(response)
        data = event.data
        data["body"] = response.body
        data["status"] = response.status
        data["headers"] = response.headers
        data["elapsed"] = response.elapsed
        if response.status not in self.success_codes:
            raise _status_failure(request, response)

    def _repeatable(self, request: Request, failure: PipeFailure) -> bool:
        if (failure.status if failure.status is not None else failure.kind) not in self.retry.on:
            return False
        never_left = isinstance(failure, HttpFailure) and not failure.sent
        return never_left or request.method in SAFE_METHODS or IDEMPOTENCY_KEY in request.headers

    def _headers(self, scope: dict[str, Any]) -> dict[str, str]:
        """The headers by lower-case name."""
        rendered = {} if self.headers is None else object_of(self.headers.render(scope), "headers")
        headers = {}
        for name, value in rendered.items():
            if isinstance(value, dict | list):
                raise parameter_failure(f"headers.{name}", "the value of a header is a text")
            if value is not None:
                headers[name.lower()] = text_of(value, f"headers.{name}")
        if self.idempotency_key is not None:
            headers[IDEMPOTENCY_KEY] = self.idempotency_key.render_text(scope)
        return headers

    def _authenticate(self, headers: dict[str, str], scope: dict[str, Any]) -> None:
        if self.auth_type is None:
            return
        if self.auth_type.get(scope) == "bearer":
            headers["authorization"] = f"Bearer {_rendered(self.auth_token, scope)}"
            return
        user = _rendered(self.auth_username, scope)
        if ":" in user:
            raise parameter_failure("auth_username", "a user with a colon cannot be sent")
        credentials = f"{user}:{_rendered(self.auth_password, scope)}".encode()
        headers["authorization"] = f"Basic {b64encode(credentials).decode()}"


def _within(request: Request, left: float) -> Request:
    """The request with no more time than is left; HttpFailure when none is."""
    if left <= 0:
        message = "the retries' deadline passed while the request waited for its rate limit"
        raise HttpFailure(message, kind="timeout", sent=False)
    return replace(request, timeout=left)


def _may_have_arrived(failure: PipeFailure) -> bool:
    """Whether nobody knows what became of a request that failed so: it left, and there was no answer."""
    return failure.status is None and not (isinstance(failure, HttpFailure) and not failure.sent)


def _rendered(template: TextTemplate | None, scope: dict[str, Any]) -> str:
    return "" if template is None else template.render_text(scope)


def _body(body: Any, method: str, content_type: str) -> bytes | None:
    if body is None:
        if method in _BODY_REQUIRED:
            message = f"there is no $in.body to send as {content_type}: add a pack before this pipe"
            raise data_failure("body_missing", message)
        return None
    if isinstance(body, str):
        return body.encode()
    if not isinstance(body, bytes):
        raise data_failure("not_bytes", "$in.body is not bytes: add a pack before this pipe")
    return body


def _status_failure(request: Request, response: Response) -> PipeFailure:
    return PipeFailure(
        response.status,
        f"{shown(check_url(request.url))} answered {response.status}",
        kind="status",
        status=response.status,
        retryable=response.status in RETRIED,
    )


def compile_http_request(params: HttpRequestParams, context: PipeContext) -> HttpRequestPipe:
    """Compile the templates and settle the defaults."""
    auth_type = params.auth_type
    if auth_type is None and params.auth_username is not None:
        auth_type = "basic"
    _check_auth(params, auth_type, context)
    for name in ("form", "headers"):
        if not isinstance(getattr(params, name), dict | str | None):
            context.fault(f"`{name}` must be an object", name)
    name, limit = _limit(params, context)
    defaults = context.defaults
    return HttpRequestPipe(
        pipe_id=context.pipe_id,
        url=context.text(params.url, "url"),
        method=context.parameter(params.method, one_of(*METHODS), "method"),
        content_type=context.parameter(params.content_type, one_of(*CONTENT_TYPES), "content_type"),
        form=None if params.form is None else context.document(params.form, "form"),
        headers=None if params.headers is None else context.document(params.headers, "headers"),
        auth_type=None
        if auth_type is None
        else context.parameter(auth_type, one_of(*AUTH_TYPES), "auth_type"),
        auth_username=_optional(params.auth_username, "auth_username", context),
        auth_password=_optional(params.auth_password, "auth_password", context),
        auth_token=_optional(params.auth_token, "auth_token", context),
        timeout=context.parameter(
            defaults.http_timeout if params.timeout is None else params.timeout, positive_number, "timeout"
        ),
        success_codes=_success_codes(params.success_codes, context),
        pool_size=params.pool_size or defaults.http_max_conn,
        limit_name=name,
        limit=limit,
        retry=_retry(params, context),
        idempotency_key=_optional(params.idempotency_key, "idempotency_key", context),
        holds=params.on_uncertain == "hold",
        follow_redirects=params.follow_redirects,
        max_response=params.max_response or DEFAULT_MAX_RESPONSE,
    )


def _optional(text: str | None, name: str, context: PipeContext) -> TextTemplate | None:
    return None if text is None else context.text(text, name)


def _check_auth(params: HttpRequestParams, auth_type: str | None, context: PipeContext) -> None:
    kind = auth_type.lower() if auth_type is not None else None
    needs: dict[str | None, str] = {"basic": "auth_username", "bearer": "auth_token"}
    if kind in needs and getattr(params, needs[kind]) is None:
        context.fault(f"auth_type {kind} needs `{needs[kind]}`", "auth_type")
    unused: dict[str | None, tuple[str, ...]] = {
        None: ("auth_username", "auth_password", "auth_token"),
        "basic": ("auth_token",),
        "bearer": ("auth_username", "auth_password"),
    }
    for name in unused.get(kind, ()):
        if getattr(params, name) is not None:
            belongs = "bearer" if name == "auth_token" else "basic"
            context.fault(f"`{name}` has no use without auth_type {belongs}", name)


def _success_codes(codes: list[Any] | None, context: PipeContext) -> frozenset[int]:
    if codes is None:
        return SUCCESS
    found: set[int] = set()
    for index, code in enumerate(codes):
        first, dash, last = str(code).partition("-")
        ends = [first, last if dash else first]
        valid = not isinstance(code, bool) and all(
            each.isdecimal() and 100 <= int(each) <= 599 for each in ends
        )
        if not valid or int(ends[0]) > int(ends[1]):
            context.fault("a status is a number from 100 to 599 or a range of them", "success_codes", index)
        else:
            found.update(range(int(ends[0]), int(ends[1]) + 1))
    return frozenset(found)


def _limit(params: HttpRequestParams, context: PipeContext) -> tuple[str, RateLimit]:
    given = params.limit
    own_name = f"{context.channel.id}|{context.pipeline}|{context.pipe_id}"
    if given is None:
        return own_name, RateLimit(DEFAULT_RATES.get(context.pipeline, OTHER_RATE))
    limit = RateLimit(given.rate, given.per, given.burst, given.key)
    name = own_name if given.key is None else f"{context.channel.id}:{given.key}"
    context.limit(name, limit, "limit")
    return name, limit


def _retry(params: HttpRequestParams, context: PipeContext) -> RetryPolicy:
    if params.retry is not None and context.retry is not None:
        context.fault("`retry` is given twice: in the parameters and beside them", "retry")
    given = params.retry or context.retry
    if given is None:
        return RetryPolicy(0)
    policy = RetryPolicy(given.max)
    return RetryPolicy(
        max=given.max,
        on=policy.on if given.on is None else frozenset(given.on),
        backoff=policy.backoff if given.backoff is None else given.backoff,
        max_delay=policy.max_delay if given.max_delay is None else given.max_delay,
        deadline=policy.deadline if given.deadline is None else given.deadline,
    )


_ANSWER = setting(body=BYTES, status=INT, headers=object_type({}, is_open=True), elapsed=FLOAT)


def _effect(pipe: HttpRequestPipe, typed: Typing) -> Effect:  # noqa: ARG001 - as all effects
    """An answer that is no success is in `$in` as well; without an answer there is none."""
    needs_body = pipe.content_type.constant in _BODY_TYPES and pipe.method.constant in _BODY_REQUIRED
    return Effect(_ANSWER, perhaps(_ANSWER), ("body",) if needs_body else ())


SPEC = PipeSpec(
    name="http_request",
    summary="Sends a request: `$in.body` or a form; the answer comes into `$in`.",
    params=HttpRequestParams,
    compile=compile_http_request,
    pure=False,
    aliases=("http_requester",),
    reads=("body",),
    writes=("body", "status", "headers", "elapsed"),
    effect=_effect,
    retried=True,
    examples=(
        PipeExample(
            title="Post what `pack` rendered",
            params={
                "method": "POST",
                "content_type": "json",
                "url": "$sender.url/messages",
                "headers": {"X-Api-Key": "$sender.key"},
                "timeout": 10,
            },
            before={"body": b'{"to":"+79990000001"}'},
            roots={"sender": {"url": "https://api.acme.example/v1", "key": "k-4711"}},
            request={
                "method": "POST",
                "url": "https://api.acme.example/v1/messages",
                "headers": {"x-api-key": "k-4711", "content-type": "application/json"},
                "body": '{"to":"+79990000001"}',
            },
            response=Response(202, {"content-type": "application/json"}, b'{"status":"accepted"}', 0.02),
            after={
                "status": 202,
                "body": b'{"status":"accepted"}',
                "headers": {"content-type": "application/json"},
            },
        ),
        PipeExample(
            title="A form goes into the query of a GET",
            params={"url": "https://api.acme.example/state", "form": {"id": "$origin.send_message_id"}},
            request={
                "method": "GET",
                "url": "https://api.acme.example/state?id=6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10",
                "headers": {},
                "body": None,
            },
            response=Response(200, {}, b"delivered", 0.02),
            after={"status": 200, "body": b"delivered"},
        ),
        PipeExample(
            title="A form with basic authentication, repeated when the service is busy",
            params={
                "method": "POST",
                "url": "https://api.acme.example/send",
                "form": {"to": ["+79990000001", "+79990000002"], "text": "$template.body"},
                "auth_type": "basic",
                "auth_username": "$sender.user",
                "auth_password": "$sender.password",
                "idempotency_key": "$origin.send_message_id",
                "retry": {"max": 3, "backoff": 0.5},
                "limit": {"rate": 20, "per": 1, "key": "acme"},
            },
            roots={"sender": {"user": "ann", "password": "hunter2"}, "template": {"body": "Hi"}},
            request={
                "method": "POST",
                "url": "https://api.acme.example/send",
                "headers": {
                    "authorization": "Basic YW5uOmh1bnRlcjI=",
                    "idempotency-key": "6f1c2b1e-8d1f-5a43-9b3c-1f6f5f0f7d10",
                    "content-type": "application/x-www-form-urlencoded",
                },
                "body": "to=%2B79990000001&to=%2B79990000002&text=Hi",
            },
            response=Response(200, {}, b"", 0.02),
            after={"status": 200, "body": b""},
        ),
        PipeExample(
            title="A status outside `success_codes` fails; the body stays readable on the error exit",
            params={"url": "https://api.acme.example/state", "success_codes": [200, "400-409"]},
            request={"method": "GET", "url": "https://api.acme.example/state", "headers": {}, "body": None},
            response=Response(503, {}, b"busy", 0.02),
            exit="error",
            error={"code": 503, "kind": "status", "status": 503, "retryable": True},
            after={"status": 503, "body": b"busy"},
        ),
    ),
)
