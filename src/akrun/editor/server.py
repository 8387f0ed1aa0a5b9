"""The language server: files are looked at when typing pauses; features answer as the protocol asks."""

import asyncio
import gc
import logging
import sys
from dataclasses import replace
from importlib.metadata import version
from typing import Any, get_args

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from akrun.editor import convert
from akrun.editor.actions import actions, fix_all
from akrun.editor.around import Around
from akrun.editor.completion import complete
from akrun.editor.definition import definition
from akrun.editor.diagnostics import diagnostics
from akrun.editor.documents import Document
from akrun.editor.hover import hover
from akrun.editor.kinds import FileKind
from akrun.editor.looking import Found, Looker, read
from akrun.editor.outside import Place, declaration, file_at, mention_at, rename_everywhere, uses
from akrun.editor.references import references
from akrun.editor.rename import CannotRenameError, renamed_span
from akrun.editor.shapes import shapes_of
from akrun.editor.tokens import LEGEND, tokens
from akrun.editor.types import Types, functions
from aktmpl.source import Span

_PAUSE = 0.15
"""Seconds without a change after which a file is looked at."""
_SWITCH = 0.001
"""Seconds after which the thread that reads a file lets an answer go first."""
_REQUEST_FAILED = -32803
_FIX_ALL = f"{lsp.CodeActionKind.SourceFixAll.value}.akrun"
_TRIGGERS = ["$", ".", "{", "|", "(", '"', " ", "]", "%"]


class Server(LanguageServer):
    """A language server for channel files.

    Attributes:
        files: the open files by URI.
    """

    def __init__(self) -> None:
        super().__init__("akrun", version("akrun"))
        self.files: dict[str, Document] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._looker = Looker()
        self._around = Around()

    def opened(self, uri: str, text: str, language: str) -> None:
        """A file has been opened."""
        name = to_fs_path(uri) or uri
        encoding = self.workspace.position_encoding
        document = Document.opened(name, text, str(getattr(encoding, "value", encoding)))
        if language in ("json", "jsonc", "yaml"):
            document = replace(document, is_json=language != "yaml")
        self.files[uri] = document
        self._look_soon(uri, 0)

    def changed(self, uri: str, text: str) -> None:
        """A file has another text."""
        if uri in self.files:
            self.files[uri] = replace(self.files[uri], text=text, findings=None)
            self._look_soon(uri, _PAUSE)

    def closed(self, uri: str) -> None:
        """A file has been closed: what is known of it is forgotten, what was said of it is taken back."""
        self.files.pop(uri, None)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def _look_soon(self, uri: str, pause: float) -> None:
        task = self._looking.get(uri)
        if task is None or task.done():
            self._looking[uri] = asyncio.get_running_loop().create_task(self._look(uri, pause))

    async def _look(self, uri: str, pause: float) -> None:
        """Look at a file until what is known is of its text as it is."""
        while (document := self.files.get(uri)) is not None and document.findings is None:
            await asyncio.sleep(pause)
            pause = _PAUSE
            if self._is_at(uri, document):
                await self._examine(uri, document)

    async def _examine(self, uri: str, document: Document) -> None:
        """Learn what a text says as it is found; findings of a text that has changed are not told."""
        snapshot = await asyncio.to_thread(read, document)
        if snapshot is not None and uri in self.files:
            self.files[uri] = replace(self.files[uri], snapshot=snapshot)
            document = replace(document, snapshot=snapshot)
        if document.kind in ("mailing", "test"):
            channel = await asyncio.to_thread(self._around.channel_of, document, self.named())
            document = replace(document, channel=channel)
            if uri in self.files:
                self.files[uri] = replace(self.files[uri], channel=channel)
        elif document.kind == "channel":
            self._look_at_users(document)
            await asyncio.to_thread(self._around.users_of, document, self.named())  # answers find them read
        await self._looker.look(document, lambda found: self._learn(uri, document, found))

    def named(self) -> dict[str, Document]:
        """The open files by name."""
        return {each.name: each for each in self.files.values()}

    def family(self, document: Document) -> tuple[Document | None, list[Document]]:
        """The channel that a file is, or is for, and the mailings and test files beside that."""
        named = self.named()
        channel = document if document.is_channel else self._around.channel_of(document, named)
        if channel is None:
            return None, []
        users = self._around.users_of(channel, named)
        encoding = document.encoding
        return replace(channel, encoding=encoding), [replace(each, encoding=encoding) for each in users]

    def uri_of(self, document: Document) -> str:
        """The URI of a file, by which the client knows it."""
        opened = next((uri for uri, each in self.files.items() if each.name == document.name), None)
        return opened or from_fs_path(document.name) or document.name

    def _look_at_users(self, channel: Document) -> None:
        """Look at the open mailings and test files of a channel anew."""
        for uri, each in self.files.items():
            if each.channel is not None and each.channel.name == channel.name:
                self.files[uri] = replace(each, channel=channel, findings=None)
                self._look_soon(uri, _PAUSE)

    def _learn(self, uri: str, document: Document, found: Found) -> None:
        if uri not in self.files:
            return
        if isinstance(found, Types):
            self.files[uri] = replace(self.files[uri], types=found)
        elif self._is_at(uri, document):
            known = self.files[uri] = replace(self.files[uri], findings=found)
            shown = convert.diagnostics(known, diagnostics(known))
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown))

    def _is_at(self, uri: str, document: Document) -> bool:
        """Whether a file still has the text that a document has, and so has its channel."""
        return uri in self.files and self.files[uri].texts == document.texts


def make_server() -> Server:
    """A server with all features, not yet started."""
    server = Server()
    _files(server)
    _reading(server)
    _writing(server)
    return server


def run() -> None:
    """Serve on standard input and output until the client is gone."""
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_unexpected)
    for kind in get_args(FileKind):
        shapes_of(kind)  # before the first answer needs them
    functions()
    sys.setswitchinterval(_SWITCH)
    gc.freeze()  # looking through what stays would only make answers late
    make_server().start_io()


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Whether a log record is more than the refusal of a request, which the client shows."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, JsonRpcException) and error.code == _REQUEST_FAILED)


def _files(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        given = params.text_document
        server.opened(given.uri, given.text, str(given.language_id))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.changed(uri, server.workspace.get_text_document(uri).source)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)


def _reading(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=_TRIGGERS))
    def completion(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        document, offset = _at(server, params)
        return None if document is None else convert.completion(document, complete(document, offset))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        document, offset = _at(server, params)
        found = None if document is None else hover(document, offset)
        return None if document is None or found is None else convert.hover(document, found)

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def defined(params: lsp.DefinitionParams) -> list[lsp.Location]:
        document, offset = _at(server, params)
        if document is None:
            return []
        named = mention_at(document, offset)
        found = file_at(document, offset)
        if named is not None:
            found = declaration(server.family(document)[0], named[0].symbol)
        if found is not None:
            return [_location(server, found)]
        return _locations(params.text_document.uri, document, definition(document, offset))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def referring(params: lsp.ReferenceParams) -> list[lsp.Location]:
        document, offset = _at(server, params)
        if document is None:
            return []
        at = _in_channel(server, document, offset)
        if at is None:
            return []
        channel, offset, users = at
        listed = references(channel, offset, declaration=params.context.include_declaration)
        found = _locations(server.uri_of(channel), channel, listed)
        known = None if channel.snapshot is None else channel.snapshot.occurrence(channel.then(offset))
        if known is not None:
            found += [_location(server, each) for each in uses(known[0].symbol, channel, users)]
        return found

    legend = lsp.SemanticTokensLegend(list(LEGEND), [])

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, legend)
    def all_tokens(params: lsp.SemanticTokensParams) -> lsp.SemanticTokens | None:
        document = server.files.get(params.text_document.uri)
        return None if document is None else convert.tokens(document, tokens(document))

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, legend)
    def some_tokens(params: lsp.SemanticTokensRangeParams) -> lsp.SemanticTokens | None:
        document = server.files.get(params.text_document.uri)
        if document is None:
            return None
        return convert.tokens(document, tokens(document, convert.span_of(document.lines, params.range)))


def _writing(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        document, offset = _at(server, params)
        at = None if document is None else _in_channel(server, document, offset)
        found = None if at is None else renamed_span(at[0], at[1])
        if document is None or found is None:
            return None
        named = mention_at(document, offset)
        return convert.range_of(document.lines, found if named is None else document.now(named[1]))

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renamed(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        document, offset = _at(server, params)
        if document is None:
            return None
        channel, offset, users = _in_channel(server, document, offset) or (document, offset, [])
        try:
            found = rename_everywhere(channel, offset, params.new_name, users)
        except CannotRenameError as error:
            raise JsonRpcException(str(error), _REQUEST_FAILED) from error
        return lsp.WorkspaceEdit(
            changes={server.uri_of(each): convert.edits(each, edits) for each, edits in found}
        )

    kinds = [lsp.CodeActionKind.QuickFix, _FIX_ALL]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=kinds))
    def acting(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        document = server.files.get(uri)
        if document is None:
            return []
        found: list[lsp.CodeAction] = []
        if _wanted(params, lsp.CodeActionKind.QuickFix.value):
            within = convert.span_of(document.lines, params.range)
            mends = actions(document, within)
            found += [convert.action(uri, document, each, lsp.CodeActionKind.QuickFix) for each in mends]
        if _wanted(params, _FIX_ALL, asked=True) and (whole := fix_all(document)) is not None:
            found.append(convert.action(uri, document, whole, _FIX_ALL))
        return found


def _at(server: Server, params: Any) -> tuple[Document | None, int]:
    """The file and offset that a request is about."""
    document = server.files.get(params.text_document.uri)
    return document, 0 if document is None else convert.offset_of(document.lines, params.position)


def _locations(uri: str, document: Document | None, found: list[Span]) -> list[lsp.Location]:
    if document is None:
        return []
    return [lsp.Location(uri, convert.range_of(document.lines, each)) for each in found]


def _location(server: Server, place: Place) -> lsp.Location:
    return lsp.Location(server.uri_of(place.document), convert.range_of(place.document.lines, place.span))


def _in_channel(
    server: Server, document: Document, offset: int
) -> tuple[Document, int, list[Document]] | None:
    """The channel that names what a file names at an offset, where it does so, and who uses the channel."""
    channel, users = server.family(document)
    if channel is None or document.is_channel:
        return document, offset, users
    named = mention_at(document, offset)
    found = None if named is None else declaration(channel, named[0].symbol)
    return None if found is None else (channel, found.span.start, users)


def _wanted(params: lsp.CodeActionParams, kind: str, *, asked: bool = False) -> bool:
    """Whether a client wants actions of a kind; with `asked`, only if it says so."""
    only = params.context.only
    if only is None:
        return not asked
    return any(kind == each or kind.startswith(f"{getattr(each, 'value', each)}.") for each in only)
