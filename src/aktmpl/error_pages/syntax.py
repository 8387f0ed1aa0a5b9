"""Pages of E1xx: the text is not a template."""

from aktmpl.error_pages.page import Page, Sample

PAGES = {
    "E101": Page(
        "The parser met something that cannot stand where it stands: an operator without a value, two values "
        "without an operator, a character that means nothing.",
        "The caret shows the first thing that does not fit; what is missing is often right before it. A "
        "dollar sign that shall be one is written `\\$`.",
        Sample("Total: ${in.sum + }"),
    ),
    "E102": Page(
        "A brace, bracket or parenthesis is open and the text, or the bracket around it, ends. The caret "
        "shows what was opened.",
        "Close it. For a literal `${` in text write `\\${`.",
        Sample("Hello ${in.name"),
    ),
    "E103": Page(
        "A string literal begins and its closing quote never comes.",
        "Add the quote. A quote inside a string is written `\\'` or `\\\"`, or the string stands in the "
        "other kind of quotes.",
        Sample("${in.name = 'Ann}"),
    ),
    "E104": Page(
        "`$#` gives a value with its type, so it must be the whole string: text beside it could not keep "
        "the type. In quotes inside an expression everything is text already.",
        "Write `$` to insert the value as text, or let `$#` be all there is.",
        Sample("n = $#in.n"),
    ),
    "E105": Page(
        "`$$` expands a list and can only begin a key of a document: `$$path[name]` or "
        "`$${expression}[name]`, without anything behind the bracket. The name is plain text.",
        "In a key, give the name of the result in brackets at the end. In text, write `\\$` for a dollar "
        "sign before a value: `\\$$in.price`.",
        Sample({"$$campaign.segment": ["[$]id"]}, "document"),
    ),
    "E106": Page(
        "A `\\uXXXX` escape, or the text itself, holds half of a surrogate pair. It is no character and "
        "cannot be written as UTF-8; most often an emoji was cut in two on its way.",
        "Write both halves, or the character itself.",
        Sample("${'\\ud83d'}"),
    ),
    "E107": Page(
        "`a < b < c` could be read in two ways, so comparisons do not follow each other.",
        "Join two comparisons by `and`, or put the first in parentheses if its answer is what is compared.",
        Sample("0 < in.n < 5", "query"),
    ),
    "E108": Page(
        "A document template holds something that JSON does not have: NaN or an infinity, a key that is no "
        "string, a date or another object of the host.",
        "Convert it to text or a number before it becomes part of the template.",
        Sample({"rate": float("nan")}, "document"),
    ),
    "E109": Page(
        "An SQL template is exactly one statement, whole: no second statement, no quote or comment that "
        "never ends, not empty.",
        "Split it into one template for each statement, or close what is open.",
        Sample("SELECT 1; SELECT 2", "sql"),
    ),
}
