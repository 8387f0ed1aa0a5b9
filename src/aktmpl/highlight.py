"""Pygments lexers: text templates, conditions, and documents (JSON with templates in its strings).

They are registered with Pygments as `aktmpl`, `aktmpl-query` and `aktmpl-json`. Any text is accepted, as a
person types it; whether it is a template is for the parser to say.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from pygments.lexer import Lexer, RegexLexer, bygroups, include
from pygments.token import (
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
    _TokenType,
)


def _groups(*types: _TokenType) -> Any:
    """A type for each group of a pattern."""
    return bygroups(*types)  # type: ignore[no-untyped-call]


_ROOT = r"[^\W\d_]\w*"
_SEGMENTS = r"(?:\.(?:%-?\d+|\w+))*"
_PATH = (rf"(\$\$|\$#|\$)({_ROOT})({_SEGMENTS})", _groups(String.Interpol, Name.Variable, Name.Attribute))
_OPEN = (r"\$(?:\$|#)?\{", String.Interpol, "expression")
_ELEMENT = (r"(\[\$#?\])((?:%-?\d+|\w+)?" + _SEGMENTS + ")", _groups(String.Interpol, Name.Attribute))


class TemplateLexer(RegexLexer):
    """Text templates: `Hello ${profile.name ?? 'friend'}`."""

    name = "aktmpl"
    aliases: ClassVar[Sequence[str]] = ["aktmpl"]
    filenames: ClassVar[Sequence[str]] = ["*.aktmpl"]
    url = ""

    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [
            (r"(?:\\\\)*\\\$", String.Escape),
            (r"(?:\\\\)+(?=\$)", String.Escape),
            include("references"),
            (r"[^$\\\[]+", Text),
            (r"[$\\\[]", Text),
        ],
        "references": [
            (r"\$\?", String.Interpol),
            _OPEN,
            _PATH,
            _ELEMENT,
        ],
        "expression": [
            (r"\}", String.Interpol, "#pop"),
            include("query"),
        ],
        "braces": [
            (r"\}", Punctuation, "#pop"),
            include("query"),
        ],
        "query": [
            (r"\s+", Whitespace),
            (r"'", String.Single, "single"),
            (r'"', String.Double, "double"),
            (r"\{", Punctuation, "braces"),
            (r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", Number),
            (r"(?i)(?:and|or|not|is|isnot|contains)\b", Operator.Word),
            (r"(?i)(?:true|false|null|defined|empty)\b", Keyword.Constant),
            (r"(\|)(\s*)([^\W\d]\w*)", _groups(Operator, Whitespace, Name.Function)),
            (r"[^\W\d]\w*(?=\s*\()", Name.Function),
            (r"(\$?)([^\W\d]\w*)", _groups(String.Interpol, Name.Variable)),
            (r"(\??\.)(%-?\d+|\w+)", _groups(Punctuation, Name.Attribute)),
            (r"\?\?|\|\||&&|!?~=|<>|[=!<>]=?|[-+*/%^?:|!]", Operator),
            (r"[\[\](),.}]", Punctuation),
            (r".", Error),
        ],
        "string": [
            (r"\\(?:u[0-9a-fA-F]{4}|[$'\"\\nt])", String.Escape),
            _PATH,
            (r"[$\\]", String),
        ],
        "single": [
            (r"'", String.Single, "#pop"),
            include("string"),
            (r"[^'\\$]+", String.Single),
        ],
        "double": [
            (r'"', String.Double, "#pop"),
            include("string"),
            (r'[^"\\$]+', String.Double),
        ],
    }


class QueryLexer(TemplateLexer):
    """Conditions: `'$in.status' = 'success'`."""

    name = "aktmpl query"
    aliases: ClassVar[Sequence[str]] = ["aktmpl-query"]
    filenames: ClassVar[Sequence[str]] = []

    def get_tokens_unprocessed(
        self, text: str, stack: Iterable[str] = ("query",)
    ) -> Iterator[tuple[int, _TokenType, str]]:
        """Tokens with their offsets."""
        return super().get_tokens_unprocessed(text, stack)


class _LeafLexer(TemplateLexer):
    """A text template as it stands in a JSON string: backslashes and double quotes are escaped."""

    tokens: ClassVar[dict[str, list[Any]]] = {
        **TemplateLexer.tokens,
        "root": [
            (r"(?:\\\\)+\$?", String.Escape),
            (r"\\(?:u[0-9a-fA-F]{4}|.)", String.Escape),
            *TemplateLexer.tokens["root"],
        ],
        "query": [
            (r'\\"', String.Double, "double"),
            (r"\\[nrt]", Whitespace),
            *TemplateLexer.tokens["query"],
        ],
        "string": [
            (r"\\\\(?:u[0-9a-fA-F]{4}|[$'nt]|\\[\\\"])", String.Escape),
            *TemplateLexer.tokens["string"],
        ],
        "double": [
            (r'\\"', String.Double, "#pop"),
            include("string"),
            (r"[^\\$]+", String.Double),
        ],
    }


class DocumentLexer(Lexer):
    """Document templates: JSON whose strings and keys are text templates."""

    name = "aktmpl document"
    aliases: ClassVar[Sequence[str]] = ["aktmpl-json"]
    filenames: ClassVar[Sequence[str]] = []
    url = ""

    _tokens = re.compile(
        r"""
          (?P<string>      "(?:[^"\\]|\\.)*"? )
        | (?P<space>       \s+ )
        | (?P<number>      -?\d+(?:\.\d+)?(?:[eE][+-]?\d+)? )
        | (?P<constant>    (?:true|false|null)\b )
        | (?P<punctuation> [{}\[\],:] )
        | (?P<error>       . )
        """,
        re.VERBOSE | re.DOTALL,
    )
    _types: ClassVar[dict[str, _TokenType]] = {
        "space": Whitespace,
        "number": Number,
        "constant": Keyword.Constant,
        "punctuation": Punctuation,
        "error": Error,
    }
    _key = re.compile(r"\s*:")

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Tokens with their offsets."""
        for match in self._tokens.finditer(text):
            group = match.lastgroup or "error"
            if group == "string":
                yield from self._string(match.group(), match.start(), self._key.match(text, match.end()))
            else:
                yield match.start(), self._types[group], match.group()

    def _string(
        self, token: str, start: int, is_key: re.Match[str] | None
    ) -> Iterator[tuple[int, _TokenType, str]]:
        plain = Name.Tag if is_key else String.Double
        closed = len(token) > 1 and token.endswith('"')
        yield start, plain, '"'
        for offset, kind, value in _LEAF.get_tokens_unprocessed(token[1:-1] if closed else token[1:]):
            yield start + 1 + offset, plain if kind is Text else kind, value
        if closed:
            yield start + len(token) - 1, plain, '"'


_LEAF = _LeafLexer()
