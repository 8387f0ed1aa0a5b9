"""A picture on an HTML page of its own."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #ffffff; }
main { overflow: auto; min-height: 100vh; }
svg { display: block; margin: 0 auto; }
.akrun-graph .panel:target > rect { stroke-width: 2.5; }
@media (prefers-color-scheme: dark) { body { background: #0e141b; } }
"""


def page(title: str, svg: str) -> str:
    """The page; it needs nothing else and follows the reader's choice of light or dark."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><main>\n{svg}</main></body></html>\n"
    )
