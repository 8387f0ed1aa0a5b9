"""A listener's templates: the answer to an accepted request, and what tells repeated requests apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import re2
from starlette.responses import Response

from akrun.engine.context import Faults
from akrun.errors import FileFaults
from akrun.model.channel import Channel
from akrun.model.listener import Listener
from akrun.model.located import LocatedDocument
from akrun.model.positions import to_pointer
from aktmpl import DocumentTemplate, Environment, TemplateError, TextTemplate
from aktmpl.source import Origin, Source

_HEADER_VALUE = re2.compile(r"[\x20-\x7e\x80-\xff\t]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """How accepted requests are answered, and by what they are told apart; templates over the request."""

    status: int
    headers: Mapping[str, TextTemplate]
    body: TextTemplate | DocumentTemplate
    dedupe: TextTemplate | None

    def render(self, scope: Mapping[str, Any]) -> Response:
        """The answer to a request.

        Raises:
            TemplateError: A template cannot be rendered for it.
            ValueError: A header's value cannot be sent.
        """
        if isinstance(self.body, DocumentTemplate):
            content, media_type = self.body.render_json(dict(scope)), "application/json"
        else:
            content, media_type = self.body.render_text(dict(scope)).encode(), "text/plain"
        headers = {name: template.render_text(dict(scope)) for name, template in self.headers.items()}
        for name, value in headers.items():
            if not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"the header {name} would hold characters that no header may")
        if any(name.lower() == "content-type" for name in headers):
            return Response(content, self.status, headers)
        return Response(content, self.status, headers, media_type)

    def key(self, scope: Mapping[str, Any]) -> str | None:
        """What requests that are the same have in common; None where each is one of its own.

        Raises:
            TemplateError: The template cannot be rendered for it.
        """
        return None if self.dedupe is None else self.dedupe.render_text(dict(scope))


def compile_answer(channel: Channel, located: LocatedDocument, environment: Environment) -> Answer:
    """Compile a channel's `listener.reply` and `listener.dedupe`.

    Raises:
        FileFaults: Every fault of the templates.
    """
    listener = channel.listener or Listener()
    compiler = _Compiler(located, environment, Faults(located))
    reply = listener.reply
    headers = {name: compiler.text(text, "reply", "headers", name) for name, text in reply.headers.items()}
    is_text = isinstance(reply.body, str)
    body = compiler.text(reply.body, "reply", "body") if is_text else compiler.document(reply.body)
    dedupe = None if listener.dedupe is None else compiler.text(listener.dedupe, "dedupe")
    if compiler.faults.found:
        raise FileFaults(compiler.faults.found)
    return Answer(reply.status, headers, body, dedupe)


@dataclass(frozen=True, slots=True)
class _Compiler:
    located: LocatedDocument
    environment: Environment
    faults: Faults

    def text(self, text: str, *at: str) -> TextTemplate:
        pointer = to_pointer(("listener", *at))
        source = Source(text, self.located.source.name, pointer, self.located.origin(pointer))
        try:
            return self.environment.compile_text(text, source)
        except TemplateError as error:
            self.faults.found.extend(error.faults)
            return self.environment.compile_text("")

    def document(self, value: Any) -> DocumentTemplate:
        def locate(pointer: str, is_key: bool) -> Origin | None:  # noqa: FBT001 - the shape the language calls
            return self.located.origin("/listener/reply/body" + pointer, is_key)

        try:
            return self.environment.compile_document(value, self.located.source.name, locate)
        except TemplateError as error:
            self.faults.found.extend(error.faults)
            return self.environment.compile_document({})


def json_error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says why a request was not taken."""
    return Response(orjson.dumps({"error": message}), status, headers, "application/json")
