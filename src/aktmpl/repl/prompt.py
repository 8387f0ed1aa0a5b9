"""The terminal around a session: reading lines, colours, history, and answers under what was typed."""

import os
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer, PygmentsLexer, SimpleLexer
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from aktmpl.errors import TemplateError
from aktmpl.highlight import DocumentLexer, QueryLexer, TemplateLexer
from aktmpl.repl.complete import candidates
from aktmpl.repl.scan import Kind
from aktmpl.repl.session import Answer, Session
from aktmpl.source import outermost

PROMPT = "aktmpl> "
CONTINUED = "   ...> "

STYLE = Style.from_dict(
    {
        "prompt": "ansigreen",
        "command": "bold",
        "error": "ansired",
        "warning": "ansiyellow",
        "hint": "ansicyan",
        "pygments.literal.string.interpol": "ansimagenta",
        "pygments.literal.string.escape": "ansiyellow",
        "pygments.literal.string": "ansigreen",
        "pygments.literal.number": "ansiblue",
        "pygments.keyword": "ansiblue",
        "pygments.operator.word": "ansiblue",
        "pygments.name.variable": "ansicyan",
        "pygments.name.attribute": "",
        "pygments.name.function": "bold",
        "pygments.name.tag": "ansigreen",
        "pygments.error": "ansired",
    }
)
"""Colours that both dark and light terminals show well."""

_LEXERS: dict[Kind | None, Lexer] = {
    "text": PygmentsLexer(TemplateLexer),
    "query": PygmentsLexer(QueryLexer),
    "document": PygmentsLexer(DocumentLexer),
    None: SimpleLexer(),
}


class InputLexer(Lexer):
    """Colours of what is typed: a command, then its argument as what the command takes it for."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The coloured pieces of each line, by its number."""
        start, kind = self.session.argument(document.text)
        rest = _LEXERS[kind].lex_document(Document(document.text[start:]))
        command: StyleAndTextTuples = [("class:command", document.text[:start])]

        return lambda line: rest(line) if line else command + rest(line)

    def invalidation_hash(self) -> Hashable:
        """What colours depend on beside the text."""
        return id(self), self.session.kind


def run(session: Session, history: str | None = None) -> None:
    """Answer lines until they end; without a terminal, those of standard input."""
    if not sys.stdin.isatty():
        _answer_all(session, sys.stdin)
        return
    prompt = prompt_session(session, history)
    print_formatted_text("aktmpl: a template, or :help. Ctrl-D leaves.")
    while True:
        try:
            line = prompt.prompt()
            answer = session.answer(line.rstrip("\n"))
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if answer.quit:
            return
        columns = prompt.output.get_size().columns
        print_formatted_text(
            FormattedText(list(fragments(answer, line, columns))), style=STYLE, end="", output=prompt.output
        )


def _answer_all(session: Session, lines: Iterable[str]) -> None:
    for line in lines:
        answer = session.answer(line.rstrip("\n"))
        if answer.quit:
            return
        for fault in answer.faults:
            sys.stdout.write(f"{fault.frame()}\n")
        if answer.text:
            sys.stdout.write(f"{answer.text}\n")
        for warning in answer.warnings:
            sys.stdout.write(f"{warning.frame()}\n")


def prompt_session(session: Session, history: str | None = None) -> PromptSession[str]:
    """A prompt that highlights, completes and remembers."""
    return PromptSession(
        [("class:prompt", PROMPT)],
        multiline=True,
        prompt_continuation=lambda _width, _number, _wrapped: [("class:prompt", CONTINUED)],
        lexer=InputLexer(session),
        style=STYLE,
        include_default_pygments_style=False,
        completer=_Completer(session),
        complete_while_typing=False,
        history=_history(history),
        key_bindings=_bindings(session),
    )


def _bindings(session: Session) -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if session.is_unfinished(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    return bindings


class _Completer(Completer):
    def __init__(self, session: Session) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        for each in candidates(self.session, document.text_before_cursor):
            yield Completion(each.text, -each.replaced, display_meta=each.meaning)


def _history(name: str | None) -> History:
    """Lines of earlier sessions; only those of this one where no file can be kept."""
    state = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    path = Path(name) if name else Path(state) / "aktmpl" / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)


# ----------------------------------------------------------------------------------------------- answers


def fragments(answer: Answer, line: str, columns: int) -> Iterator[tuple[str, str]]:
    """An answer with its styles; faults have their carets under the line that was typed.

    Args:
        answer: The answer.
        line: What was typed.
        columns: The width of the terminal.
    """
    for fault in answer.faults:
        yield from _fault(fault, line, columns)
    if answer.text:
        yield "", f"{answer.text}\n"
    for warning in answer.warnings:
        yield "class:warning", f"{warning.headline}\n"
        if warning.hint:
            yield "class:hint", f"  hint: {warning.hint}\n"


def _fault(fault: TemplateError, line: str, columns: int) -> list[tuple[str, str]]:
    source, span = outermost(fault.source, fault.span)
    typed = len(PROMPT) + get_cwidth(line)
    if source.text != line or "\n" in line or typed >= columns:
        return [("class:error", f"{fault.frame()}\n")]
    left = len(PROMPT) + get_cwidth(line[: span.start])
    width = max(1, get_cwidth(line[span.start : span.end]))
    rows = [
        ("class:error", f"{' ' * left}{'^' * width}\n"),
        ("class:error", f"{fault.code} {fault.message}\n"),
    ]
    if fault.hint:
        rows.append(("class:hint", f"  hint: {fault.hint}\n"))
    return rows
