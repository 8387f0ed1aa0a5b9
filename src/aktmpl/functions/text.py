"""Functions of text: case, cutting, padding, searching."""

import re
import unicodedata
from typing import Any

from aktmpl import values
from aktmpl.errors import Fault, shown
from aktmpl.functions.derive import family
from aktmpl.functions.function import ArgumentFault, Context, Example, described, too_long
from aktmpl.functions.transliteration import LATIN

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_SPACES = re.compile(r"\s+")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


text_function = family("text")


@text_function(Example("'straße' | upper", "STRASSE"), Example("upper('привет')", "ПРИВЕТ"))
def upper(text: str) -> str:
    """The text in capital letters."""
    return text.upper()


@text_function(Example("'OK' | lower", "ok"), Example("lower('ПРИВЕТ')", "привет"))
def lower(text: str) -> str:
    """The text in small letters."""
    return text.lower()


@text_function(Example("'hello World' | capitalize", "Hello world"), Example("'анна' | capitalize", "Анна"))
def capitalize(text: str) -> str:
    """The text with its first letter a capital and all others small."""
    return text.capitalize()


@text_function(
    Example("'they’re BACK home' | title", "They’re Back Home"),
    Example("'анна каренина' | title", "Анна Каренина"),
)
def title(text: str) -> str:
    """The text with the first letter of each word a capital and all others small."""
    return _WORD.sub(lambda word: word[0].capitalize(), text)


@text_function(
    Example("trim('  hello ')", "hello"),
    Example("'--x--' | trim('-')", "x"),
    Example("trim(5)", error="E207"),
)
def trim(text: str, characters: str | None = None) -> str:
    """The text without white space, or without the given characters, at both ends."""
    return text.strip(characters)


@text_function(
    Example("'a-b-c' | replace('-', '+')", "a+b+c"),
    Example("'a-b-c' | replace('-', '', count=1)", "ab-c"),
    Example("'abc' | replace('', '-')", error="E410"),
)
def replace(text: str, old: str, new: str, count: int | None = None, *, context: Context) -> str:
    """The text with every `old` (or the first `count`) replaced by `new`; it is text, not a pattern."""
    if not old:
        raise ArgumentFault("old", "is empty")
    if count is not None and count < 0:
        raise ArgumentFault("count", "is negative")
    found = text.count(old) if count is None else min(text.count(old), count)
    if len(text) + found * (len(new) - len(old)) > context.limits.string:
        raise too_long(context.limits)
    return text.replace(old, new, found)


@text_function(
    Example("'a,b,c' | split(',')", ["a", "b", "c"]),
    Example("split('  two  words ')", ["two", "words"]),
    Example("split('a=b=c', '=', maximum=2)", ["a", "b=c"]),
)
def split(text: str, separator: str | None = None, maximum: int | None = None) -> list[Any]:
    """The pieces between separators; without a separator the words between white space.

    With `maximum` there are at most so many pieces, and the last has the rest of the text.
    """
    if separator == "":
        raise ArgumentFault("separator", "is empty")
    if maximum is not None and maximum < 1:
        raise ArgumentFault("maximum", f"is at least 1, not {shown(maximum)}")
    return text.split(separator, -1 if maximum is None else min(maximum - 1, len(text)))


@text_function(
    Example("['a', 'b'] | join(', ')", "a, b"),
    Example("join([1, true, null, 2.5], '/')", "1/true//2.5"),
)
def join(items: list[Any], separator: str = "", *, context: Context) -> str:
    """The elements one after another, each as `$path` would insert it, with the separator between."""
    length = len(separator) * max(len(items) - 1, 0)
    pieces: list[str] = []
    for item in items:
        pieces.append(values.text_form(item))
        length += len(pieces[-1])
        if length > context.limits.string:
            raise too_long(context.limits)
    return separator.join(pieces)


@text_function(
    Example("'template' | slice(0, 4)", "temp"),
    Example("slice('template', -3)", "ate"),
    Example("[1, 2, 3, 4] | slice(1, end=-1)", [2, 3]),
)
def slice_(value: str | bytes | list[Any], start: int, end: int | None = None) -> str | bytes | list[Any]:
    """The characters or elements from `start` up to before `end`; negative ones count from the end."""
    return value[start:end]


@text_function(
    Example("'A long sentence' | truncate(7)", "A long…"),
    Example("truncate('short', 7)", "short"),
    Example("truncate('A long sentence', 9, '...', words=true)", "A long..."),
    Example("truncate('abc', 1, '...')", error="E410"),
)
def truncate(text: str, size: int, ending: str = "…", *, words: bool = False) -> str:
    """The text cut to at most `size` characters, the ending among them if something was cut.

    With `words` the last word is left out rather than cut, unless it is the only one.
    """
    if len(ending) > size:
        raise ArgumentFault(
            "size", f"is at least the length of the ending ({len(ending)}), not {shown(size)}"
        )
    if len(text) <= size:
        return text
    kept = text[: size - len(ending)]
    if words and not text[len(kept)].isspace():
        kept = kept.rpartition(" ")[0] or kept
    return (kept.rstrip() if words else kept.rstrip(" ")) + ending


@text_function(
    Example("'7' | pad_left(3, '0')", "007"),
    Example("pad_left('abc', 2)", "abc"),
    Example("pad_left('7', 3, '')", error="E410"),
)
def pad_left(text: str, size: int, fill: str = " ", *, context: Context) -> str:
    """The text with `fill` repeated before it until it has `size` characters."""
    return _padding(text, size, fill, context) + text


@text_function(Example("'ab' | pad_right(4, '.')", "ab.."), Example("pad_right('abc', 2)", "abc"))
def pad_right(text: str, size: int, fill: str = " ", *, context: Context) -> str:
    """The text with `fill` repeated after it until it has `size` characters."""
    return text + _padding(text, size, fill, context)


def _padding(text: str, size: int, fill: str, context: Context) -> str:
    if not fill:
        raise ArgumentFault("fill", "is empty")
    if size > context.limits.string:
        raise too_long(context.limits)
    missing = max(size - len(text), 0)
    return (fill * (missing // len(fill) + 1))[:missing]


@text_function(
    Example("'+7900' | starts_with('+7')", result=True), Example("starts_with('abc', 'b')", result=False)
)
def starts_with(text: str, prefix: str) -> bool:
    """Whether the text begins with the prefix."""
    return text.startswith(prefix)


@text_function(
    Example("'a.png' | ends_with('.png')", result=True), Example("ends_with('abc', 'b')", result=False)
)
def ends_with(text: str, suffix: str) -> bool:
    """Whether the text ends with the suffix."""
    return text.endswith(suffix)


@text_function(
    Example("'order 17' | matches('[0-9]+')", result=True),
    Example("matches('order', '^[0-9]+$')", result=False),
    Example("matches('a', '(')", error="E204"),
)
def matches(text: str, pattern: str) -> bool:
    """Whether the RE2 pattern is found anywhere in the text, as `~=` does."""
    return values.matches(text, pattern)


@text_function(
    Example("'order 17 of 20' | extract('[0-9]+')", "17"),
    Example("extract('code: 42', 'code: (?P<code>[0-9]+)', group='code')", "42"),
    Example("extract('none', '[0-9]+') ?? 'no number'", "no number"),
)
def extract(text: str, pattern: str, group: int | str = 0) -> str | None:
    """The first match of the RE2 pattern, or one group of it; null when there is none."""
    compiled = values.regex(pattern)
    known = compiled.groupindex if isinstance(group, str) else range(compiled.groups + 1)
    if group not in known:
        raise ArgumentFault("group", f"names no group of the pattern: {described(group)}")
    try:
        match = compiled.search(text)
    except UnicodeEncodeError:
        raise Fault("E406", "half a surrogate pair is no text") from None
    found: str | None = match.group(group) if match else None
    return found


@text_function(
    Example("'привет' | length", 6), Example("length([1, 2])", 2), Example("length({a: 1})", 1),
    Example("length(null)", error="E207"),
)  # fmt: skip
def length(value: str | bytes | list[Any] | dict[str, Any]) -> int:
    """How many characters, bytes, elements or fields there are."""
    return len(value)


@text_function(
    Example("'ab' | repeat(3)", "ababab"),
    Example("repeat('-', 0)", ""),
    Example("repeat('x', 1000000000)", error="E506"),
)
def repeat(text: str, count: int, *, context: Context) -> str:
    """The text so many times one after another."""
    if count < 0:
        raise ArgumentFault("count", f"is not negative, but it is {shown(count)}")
    if len(text) * count > context.limits.string:
        raise too_long(context.limits)
    return text * count if text else ""


@text_function(
    Example("'Hello, World!' | slug", "hello-world"),
    Example("slug('Привет, мир')", "privet-mir"),
    Example("slug('Crème brûlée', separator='_')", "creme_brulee"),
)
def slug(text: str, separator: str = "-") -> str:
    """The text as part of an address: Latin letters and digits, joined by the separator.

    Accents are dropped and Cyrillic letters transliterated; other scripts are left out.
    """
    latin = unicodedata.normalize("NFKC", text).lower().translate(LATIN)
    parts = unicodedata.normalize("NFKD", latin)
    letters = "".join(part for part in parts if not unicodedata.combining(part))
    return separator.join(filter(None, _NOT_SLUG.split(letters)))


@text_function(
    Example("normalize_space('  a \\t b\\n')", "a b"), Example("'one  two' | normalize_space", "one two")
)
def normalize_space(text: str) -> str:
    """The text without white space at its ends and with one space for each run of it inside."""
    return _SPACES.sub(" ", text).strip()
