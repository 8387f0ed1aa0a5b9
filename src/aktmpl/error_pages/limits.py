"""Pages of E5xx: a limit of the environment is exceeded."""

from aktmpl.error_pages.page import Page, Sample

PAGES = {
    "E501": Page(
        "A template is longer than `Limits.template` (262,144 characters): a text, or all strings, keys and "
        "values of a document together.",
        "Pass what is large as data.",
        Sample("a rather long template", limits={"template": 10}),
    ),
    "E502": Page(
        "Something nests deeper than `Limits.depth` (64): parentheses and other expressions, a document, or "
        "a value that is written as text or JSON or compared.",
        "Make it flatter. Chains of `+`, `and`, `or` and `??` do not nest, however long.",
        Sample("${((((1))))}", limits={"depth": 3}),
    ),
    "E503": Page(
        "A path has more segments than `Limits.segments` (32).",
        "Make the data flatter.",
        Sample("$in.a.b.c.d", limits={"segments": 3}),
    ),
    "E504": Page(
        "The result is longer than `Limits.output` (16 MiB), in characters of text or bytes of JSON.",
        "Render less, or raise the limit.",
        Sample("$in.a, $in.a", scope={"in": {"a": "12345"}}, limits={"output": 10}),
    ),
    "E505": Page(
        "An integer has more digits than `Limits.digits` (4,000): a literal, a result of arithmetic, or one "
        "in the data that is to be printed or calculated with. A power is refused before it is computed.",
        "Calculate with floats, `10.0 ^ 300`, if digits do not matter.",
        Sample("${9 ^ 9 ^ 9}"),
    ),
    "E506": Page(
        "One operation would make a string longer than `Limits.string` (1,048,576 characters). It is refused "
        "before the string is made.",
        "Insert parts one after the other: `$in.a$in.b` needs no string in between.",
        Sample("${in.a + in.a}", scope={"in": {"a": "123456"}}, limits={"string": 10}),
    ),
    "E507": Page(
        "The expansions of one rendering go through more nodes than `Limits.steps` (1,000,000): each element "
        "counts as many as its pattern has, and nested expansions multiply.",
        "Expand fewer elements, or raise the limit.",
        Sample({"$$in.list[x]": ["[$]"]}, "document", {"in": {"list": [1, 2, 3, 4]}}, {"steps": 5}),
    ),
    "E508": Page(
        "The host called the engine from so deep in its own calls that Python's stack has no room left for "
        "it. Nothing is wrong with the template.",
        "Call from a shallower place, or in a thread, which has a stack of its own.",
    ),
}
