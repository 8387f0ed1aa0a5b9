"""`python -m benchmarks.templates.slips`: what the engines make of the same slips, as a table.

Not a measurement of time: `docs/comparison.md` shows the table, and a test compares it as far as the engines
are installed. Each engine is set to be strict, as in `benchmarks.templates.peers`.
"""

import json
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import aktmpl

SCOPE: Final = {"profile": {"name": 'Ann "Nan"', "orders": [1, 2], "age": 7}}

Render = Callable[[str], Any]


class ErrorValue(Exception):
    """An error that an engine gives as a value instead of raising it."""


def _ours(source: str) -> Any:
    if source.startswith("{"):
        return aktmpl.compile_document(json.loads(source)).render_json(SCOPE).decode()
    return aktmpl.compile_text(source).render(SCOPE)


def _jinja2(source: str) -> str:
    engine = import_module("jinja2")
    return str(engine.Environment(undefined=engine.StrictUndefined).from_string(source).render(SCOPE))


def _minijinja(source: str) -> str:
    environment = import_module("minijinja").Environment(undefined_behavior="strict")
    return str(environment.render_str(source, **SCOPE))


def _mako(source: str) -> str:
    return str(import_module("mako.template").Template(source, strict_undefined=True).render(**SCOPE))


def _liquid(source: str) -> str:
    engine = import_module("liquid")
    return str(engine.Environment(undefined=engine.StrictUndefined).from_string(source).render(**SCOPE))


def _str_format(source: str) -> str:
    return source.format(**SCOPE)


def _jsonata(source: str) -> Any:
    return import_module("jsonata").Jsonata(source).evaluate(SCOPE)


def _cel(source: str) -> Any:
    cel = import_module("cel_expr_python.cel")
    environment = cel.NewEnv(variables=dict.fromkeys(SCOPE, cel.Type.DYN))
    value = environment.compile(source).eval(data=SCOPE)
    if value.type() == cel.Type.ERROR:
        raise ErrorValue(value.plain_value())
    return value.plain_value()


ENGINES: Final[dict[str, tuple[str, Render]]] = {
    "aktmpl": ("aktmpl", _ours),
    "Jinja2": ("jinja2", _jinja2),
    "minijinja": ("minijinja", _minijinja),
    "Mako": ("mako", _mako),
    "python-liquid": ("liquid", _liquid),
    "str.format": ("string", _str_format),
    "jsonata": ("jsonata", _jsonata),
    "CEL (C++)": ("cel_expr_python", _cel),
}
"""Each engine with the module that must be there, and a function that renders a source strictly."""

_BRACES: Final = ("Hello {{ profile.nam }}", "{{ profile.name + 1 }}", '{"to": "{{ profile.name }}"}')
SLIPS: Final[dict[str, dict[str, str]]] = {
    "a misspelt field": {
        "aktmpl": "Hello $profile.nam",
        "Jinja2": _BRACES[0],
        "minijinja": _BRACES[0],
        "Mako": "Hello ${profile['nam']}",
        "python-liquid": _BRACES[0],
        "str.format": "Hello {profile[nam]}",
        "jsonata": '"Hello " & profile.nam',
        "CEL (C++)": '"Hello " + profile.nam',
    },
    "a text plus a number": {
        "aktmpl": "${profile.name + 1}",
        "Jinja2": _BRACES[1],
        "minijinja": _BRACES[1],
        "Mako": "${profile['name'] + 1}",
        "python-liquid": "{{ profile.name | plus: 1 }}",
        "jsonata": "profile.name + 1",
        "CEL (C++)": "profile.name + 1",
    },
    "a name with quotes in JSON, written plainly": {
        "aktmpl": '{"to": "$profile.name"}',
        "Jinja2": _BRACES[2],
        "minijinja": _BRACES[2],
        "Mako": '{"to": "${profile[\'name\']}"}',
        "python-liquid": _BRACES[2],
        "str.format": '{{"to": "{profile[name]}"}}',
        "jsonata": '{"to": profile.name}',
        "CEL (C++)": '{"to": profile.name}',
    },
}
"""By what is wrong, and by engine: the source."""

_ESCAPED: Final = str.maketrans({"<": "&lt;", "_": r"\_"})
"""What means something to Markdown."""
_JSON: Final = "a name with quotes in JSON, written plainly"


def outcome(slip: str, engine: str) -> str:
    """What an engine makes of a slip: its error, or what comes out."""
    try:
        result = ENGINES[engine][1](SLIPS[slip][engine])
    except Exception as error:  # noqa: BLE001 - what it raises is what is compared
        told = error.frame() if isinstance(error, aktmpl.TemplateError) else str(error)
        lines = told.strip().splitlines()
        caret = "; the line, with carets" if any("^^" in line for line in lines[1:]) else ""
        hint = "; a hint" if "hint:" in lines[-1] else ""
        return f"{type(error).__name__}: {lines[0].translate(_ESCAPED)}{caret}{hint}"
    if slip == _JSON:
        return "a JSON string" if _is_right(result) else f"no JSON any more: `{result}`"
    return f"no error: `{result}`"


def _is_right(result: Any) -> bool:
    try:
        value = json.loads(result) if isinstance(result, str) else result
    except ValueError:
        return False
    return bool(value == {"to": SCOPE["profile"]["name"]})


def table(slip: str, engines: list[str]) -> str:
    """The table of one slip as Markdown."""
    rows = [f"| {engine} | {outcome(slip, engine)} |" for engine in engines if engine in SLIPS[slip]]
    return "\n".join(["| engine | what comes of it |", "|---|---|", *rows])


def main() -> None:
    """Print the tables of what is installed."""
    for slip in SLIPS:
        print(f"{slip}:\n\n{table(slip, installed())}\n")


def installed() -> list[str]:
    """The engines that are there."""
    return [name for name, (module, _) in ENGINES.items() if find_spec(module)]


if __name__ == "__main__":
    main()
