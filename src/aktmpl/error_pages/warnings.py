"""Pages of the warnings: a template may be wrong, and is compiled all the same."""

from aktmpl.error_pages.page import Page, Sample

_PROFILE = {"profile": {"name?": "string", "age": "int", "tags": ["string"]}}

PAGES = {
    "W201": Page(
        "A condition has the same answer for all data: between constants, or because the schema's types "
        "cannot be equal.",
        "Compare what was meant, or leave the condition out.",
        Sample("profile.tags = 'vip'", "query", schema=_PROFILE),
    ),
    "W202": Page(
        "The schema says that a field may be missing, and the template reads it without saying what then.",
        "Write `??`, `?.`, `is defined`, or `$?` before a key.",
        Sample("Hello $profile.name", schema=_PROFILE),
    ),
    "W203": Page(
        "A list or an object is inserted into text, where it appears as JSON.",
        "Read a field of it, join the list with `join`, or say that JSON is meant with `json`.",
        Sample("Your tags: $profile.tags", schema=_PROFILE),
    ),
    "W204": Page(
        "The pattern of an expansion never reads the element, so all its results are the same.",
        "Read it with `[$]`, `$item` or `$index`.",
        Sample({"$$profile.tags[labels]": ["tag"]}, "document", schema=_PROFILE),
    ),
    "W205": Page(
        "A default or a test asks for a field that the schema does not have: most often, a misspelt name.",
        "Correct the name, or complete the schema.",
        Sample("Hello ${profile.nmae ?? 'friend'}", schema=_PROFILE),
    ),
}
