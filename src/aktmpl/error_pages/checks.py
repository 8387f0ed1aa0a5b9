"""Pages of E2xx: the template cannot be right for any data."""

from aktmpl.error_pages.page import Page, Sample

PAGES = {
    "E201": Page(
        "A path begins with a name that is no root. The roots are what the host's environment says; names "
        "are case-sensitive. In text, `$` before a letter always begins a path, so that a misspelt one is "
        "never silently text.",
        "Use one of the roots. For a dollar sign before a word write `\\$`.",
        Sample("Hello $profil.name"),
    ),
    "E202": Page(
        "The environment has a schema, and the schema's type has no such field.",
        "Use a field of the type, or complete the schema.",
        Sample("Hello $profile.nmae", schema={"profile": {"name": "string"}}),
    ),
    "E203": Page(
        "`item` and `index` are the current element of an expansion and its number. They exist only inside "
        'the pattern of one: `{"$$in.list[name]": ["$item.id"]}`.',
        "Move the reference into a pattern, or read the list by index: `$in.list.%0.id`.",
        Sample("$item.name"),
    ),
    "E204": Page(
        "A pattern of `~=` is not valid for RE2. RE2 is always fast, and in return has neither look-around "
        "nor back-references. A constant pattern is checked when the template is compiled.",
        "Escape what shall be literal (`\\\\.`), and do without look-around.",
        Sample("in.phone ~= '(?<=7)9'", "query"),
    ),
    "E205": Page(
        "There is no function of this name in the environment: it is misspelt, or impure in a pure "
        "environment, or the host has to register it.",
        "`aktmpl functions` lists them all.",
        Sample("${in.name | uper}"),
    ),
    "E206": Page(
        "A call does not fit the function: too many or too few arguments, one given twice, an unknown name, "
        "a positional argument after a named one.",
        "The hint shows the function's parameters.",
        Sample("${upper('a', 'b')}"),
    ),
    "E207": Page(
        "An operand can never have the type that its place asks for, whatever the data: a pattern that is "
        "no string, a constant of the wrong type, a field whose type the schema knows.",
        "Convert it with a function, or compare something else.",
        Sample("in.name ~= 5", "query"),
    ),
    "E208": Page(
        "Two keys of one object are the same before there is any data, once `$?` and escapes are resolved.",
        "Rename one of them.",
        Sample({"ids": [], "$$in.list[ids]": ["[$]id"]}, "document"),
    ),
    "E209": Page(
        "A key of a JSON object is always text, so `$#` has no meaning there.",
        "Write `$` instead.",
        Sample({"$#in.key": 1}, "document"),
    ),
    "E210": Page(
        "A reference in SQL becomes a parameter, and here none can stand: in a comment, in a quoted name, in "
        "the place of a keyword.",
        "Move it to where a value can stand; for the name of a table or column use `sql_identifier`.",
        Sample("SELECT 1 -- for $in.name", "sql"),
    ),
}
