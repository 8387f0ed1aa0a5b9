"""The colours and fonts of pictures, for light and dark pages."""

from typing import Final

_LIGHT: Final = {
    "page": "#ffffff", "panel": "#f7f9fb", "line": "#dbe2e9", "ink": "#1d2733", "soft": "#5b6875",
    "box": "#ffffff", "edge": "#b9c5d1", "io": "#eaf3fe", "ioedge": "#7fb0e6", "tile": "#e9eef3",
    "iotile": "#2f76c4", "success": "#2e7d32", "error": "#c62828", "out": "#1565c0", "branch": "#7b3fa8",
    "aside": "#8a97a5", "hand": "#a86400", "handfill": "#fff4e0", "store": "#55707f", "storefill": "#edf2f5",
    "frame": "#faf6fd", "hit": "#e8f5e9", "miss": "#fdecea",
}  # fmt: skip
_DARK: Final = {
    "page": "#0e141b", "panel": "#141c25", "line": "#26323f", "ink": "#e4ebf2", "soft": "#9aa8b6",
    "box": "#1b2530", "edge": "#435263", "io": "#152a42", "ioedge": "#3f77b3", "tile": "#2a3745",
    "iotile": "#2f76c4", "success": "#6cc070", "error": "#f0736f", "out": "#6aaef2", "branch": "#c096e6",
    "aside": "#6d7b8a", "hand": "#e3a94f", "handfill": "#33270f", "store": "#9db4c1", "storefill": "#1f2b35",
    "frame": "#1d1a28", "hit": "#14301a", "miss": "#3a1a1a",
}  # fmt: skip

WAY_COLOURS: Final = {
    "enter": _LIGHT["success"], "success": _LIGHT["success"], "error": _LIGHT["error"], "out": _LIGHT["out"],
    "branch": _LIGHT["branch"], "aside": _LIGHT["aside"],
}  # fmt: skip
"""Of each kind of way, for formats that have one look only."""
TONE_COLOURS: Final = {
    "taken": _LIGHT["success"], "covered": _LIGHT["success"], "failed": _LIGHT["error"],
    "faulty": _LIGHT["error"], "missed": _LIGHT["error"], "dim": _LIGHT["line"],
}  # fmt: skip
"""Of each tone, likewise."""

SANS: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif"
MONO: Final = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"

_RULES: Final = (
    ("rect.page", "fill", "page"),
    (".panel > rect", "fill", "panel"), (".panel > rect", "stroke", "line"),
    ("text", "fill", "ink"), (".soft, .mono", "fill", "soft"), (".soft-line", "stroke", "soft"),
    (".box", "fill", "box"), (".box", "stroke", "edge"),
    (".io .box", "fill", "io"), (".io .box", "stroke", "ioedge"),
    (".tile", "fill", "tile"), (".icon", "stroke", "soft"),
    (".io .tile", "fill", "iotile"),
    (".start .box, .end .box", "fill", "box"), (".start .box, .end .box", "stroke", "success"),
    (".start .glyph, .end .glyph", "fill", "success"), (".failed-end .box", "stroke", "error"),
    (".failed-end .glyph", "stroke", "error"),
    (".schedule .box", "fill", "handfill"), (".schedule .box", "stroke", "hand"),
    (".schedule .icon", "stroke", "hand"),
    (".store .box, .sql .box", "fill", "storefill"), (".store .box, .sql .box", "stroke", "store"),
    (".frame rect", "fill", "frame"), (".frame rect", "stroke", "branch"), (".frame text", "fill", "branch"),
    *((f".way.{kind} path", "stroke", kind) for kind in ("success", "error", "out", "branch", "aside")),
    *((f".way.{kind} .head", "fill", kind) for kind in ("success", "error", "out", "branch", "aside")),
    (".way.enter path", "stroke", "success"), (".way.enter .head", "fill", "success"),
    (".way.hand path", "stroke", "hand"), (".way.hand .head", "fill", "hand"),
    (".chip", "fill", "page"), (".bare", "fill", "panel"),
    *((f".label.{kind} > text", "fill", kind) for kind in ("success", "error", "out", "branch")),
    *((f".label.{kind} .chip", "stroke", kind) for kind in ("success", "error", "out", "branch")),
    (".badge rect", "fill", "soft"), (".badge text", "fill", "page"),
    (".taken .badge rect", "fill", "success"), (".failed .badge rect", "fill", "error"),
    (".faulty .badge rect", "fill", "error"),
    (".failed .box", "stroke", "error"), (".failed .box", "fill", "miss"),
    (".covered .badge rect", "fill", "success"), (".missed .badge rect", "fill", "error"),
    (".covered .box", "fill", "hit"), (".covered .box", "stroke", "success"),
    (".missed .box", "fill", "miss"), (".missed .box", "stroke", "error"),
    (".way.covered path", "stroke", "success"), (".way.covered .head", "fill", "success"),
    (".way.missed path", "stroke", "error"), (".way.missed .head", "fill", "error"),
)  # fmt: skip


def stylesheet() -> str:
    """Rules for everything in a picture; all of them hold inside `.akrun-graph` only.

    Plain rules for light pages come first and are overruled on dark ones, for viewers that know no variables.
    """
    scope = ".akrun-graph"
    fixed = f"""
{scope} text {{ font-family: {SANS}; }}
{scope} .mono {{ font-family: {MONO}; }}
{scope} .way path {{ fill: none; stroke-width: 1.7; stroke-linecap: round; }}
{scope} .way.error path {{ stroke-dasharray: 6 4; }}
{scope} .way.aside path, {scope} .way.hand path {{ stroke-dasharray: 1.5 4; }}
{scope} .box {{ stroke-width: 1.3; }}
{scope} .io .box {{ stroke-width: 1.6; }}
{scope} .icon, {scope} .failed-end .glyph {{ fill: none; stroke-width: 1.9; stroke-linecap: round;
  stroke-linejoin: round; }}
{scope} .io .icon {{ stroke: #ffffff; }}
{scope} .frame rect {{ stroke-dasharray: 5 4; stroke-width: 1.2; }}
{scope} .chip {{ stroke-width: 1; }}
{scope} .dim {{ opacity: 0.32; }}
{scope} .label.dim {{ opacity: 1; }}
{scope} .label.dim text {{ opacity: 0.4; }}
{scope} .label.dim .chip {{ stroke-opacity: 0.35; }}
{scope} .way.taken path {{ stroke-width: 3.2; }}
{scope} .way.missed path {{ stroke-width: 2.2; }}
{scope} .taken .box, {scope} .failed .box {{ stroke-width: 2.4; }}"""
    dark = "\n".join(_rules(scope, _DARK))
    light = "\n".join(_rules(scope, _LIGHT))
    return f"{fixed}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _rules(scope: str, colours: dict[str, str]) -> list[str]:
    return [
        f"{', '.join(f'{scope} {each}' for each in selector.split(', '))} {{ {what}: {colours[name]}; }}"
        for selector, what, name in _RULES
    ]
