"""Pages of E3xx and E4xx: the data lacks something, or is of the wrong type."""

from aktmpl.error_pages.page import Page, Sample

PAGES = {
    "E301": Page(
        "A path asks an object for a field that it does not have. Missing is not null and not empty: null "
        "is inserted as nothing, a missing field is an error.",
        "Correct the name; or say what to do without it: `${profile.name ?? 'friend'}`, `?.`, `is defined`, "
        "and `$?` before a key of a document.",
        Sample("Hello $profile.nmae", scope={"profile": {"name": "Ann"}}),
    ),
    "E302": Page(
        "A path asks a list for an element that it does not have. Indexes count from 0, negative ones from "
        "the end.",
        "Give a default, `${in.list.%0 ?? 'none'}`, or test `is not empty` first.",
        Sample("$in.list.%2", scope={"in": {"list": ["a", "b"]}}),
    ),
    "E303": Page(
        "A path goes on where there is nothing to go into: a field of a string, a number or null, a field of "
        "a list, an index of an object.",
        "An element of a list is `.%0`. For what may be null write `?.` or `??`.",
        Sample("$in.user.name", scope={"in": {"user": "Ann"}}),
    ),
    "E304": Page(
        "The environment knows the root, but the data given for this rendering does not have it.",
        "Pass the root, or give a default: `${profile.name ?? 'friend'}`.",
        Sample("Hello $profile.name", scope={"in": {}}),
    ),
    "E401": Page(
        "`<`, `<=`, `>` and `>=` order numbers, strings, and a number against text that may be one. Nothing "
        "else has an order: not null, bools, lists or objects.",
        "Test for null first, or give a default: `(in.n ?? 0) > 5`.",
        Sample("in.n > 5", "query", {"in": {"n": None}}),
    ),
    "E402": Page(
        "A query, a condition before `?`, and the operands of `and`, `or` and `not` are bools. There is no "
        "truth of numbers, strings or lists.",
        "Say what is meant: `= true`, `is not null`, `is not empty`, `> 0`.",
        Sample("in.name", "query", {"in": {"name": "Ann"}}),
    ),
    "E403": Page(
        "An operator met a value of a type that it does not take. `+` adds two numbers or joins two strings "
        "and never converts one into the other; the other arithmetic takes numbers; a key is a string or an "
        "integer.",
        "Convert: `int(in.n)`, `float(in.n)`; to join as text write a string literal, `'$in.a$in.b'`.",
        Sample("${in.count + 1}", scope={"in": {"count": "5"}}),
    ),
    "E404": Page(
        "`$$path[name]` expands a list, and the value is none.",
        "Give a list: `$${[in.one]}[name]` for a single value, `$${in.list ?? []}[name]` for one that may "
        "be missing, `$?$$in.list[name]` to leave the key out then.",
        Sample({"$$in.list[ids]": ["[$]"]}, "document", {"in": {"list": {"a": 1}}}),
    ),
    "E405": Page(
        "Two keys of one object have become the same with this data.",
        "Make the keys differ: `a-$in.x` and `b-$in.y`.",
        Sample({"$in.a": 1, "$in.b": 2}, "document", {"in": {"a": "k", "b": "k"}}),
    ),
    "E406": Page(
        "A value has no text form: bytes that are not UTF-8, NaN or an infinity, an object of the host.",
        "Encode bytes (`base64`, `hex`); test numbers before.",
        Sample("$in.raw", scope={"in": {"raw": b"\xff\xfe"}}),
    ),
    "E407": Page(
        "A value cannot be written as JSON: bytes, NaN or an infinity, a key that is no string, half a "
        "surrogate pair, an object of the host.",
        "Insert it as text with `$`, or encode it.",
        Sample({"raw": "$#in.raw"}, "document", {"in": {"raw": b"abc"}}),
    ),
    "E408": Page(
        "`/` or `%` by zero, or zero to a negative power.",
        "Test first: `${in.n = 0 ? 0 : in.sum / in.n}`.",
        Sample("${in.sum / in.n}", scope={"in": {"sum": 10, "n": 0}}),
    ),
    "E409": Page(
        "The result is no finite number: too large for a float, or a fractional power of a negative number.",
        "Calculate with integers, which have no such bound, or in another order.",
        Sample("${1e308 * in.n}", scope={"in": {"n": 10}}),
    ),
    "E410": Page(
        "A function was given an argument that it cannot take: of the wrong type, or out of its range.",
        "`aktmpl functions NAME` shows what it takes.",
        Sample("${repeat('ab', in.n)}", scope={"in": {"n": -1}}),
    ),
    "E411": Page(
        "A function needs a library that comes with an extra, and it is not installed.",
        "Install the extra that the hint names.",
    ),
}
