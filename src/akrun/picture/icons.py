"""The icons of pipes: strokes in a square of 24 by 24."""

from typing import Final

_STORE: Final = "M5 6a7 2.6 0 0 0 14 0a7 2.6 0 0 0-14 0v12a7 2.6 0 0 0 14 0V6M5 12a7 2.6 0 0 0 14 0"

ICONS: Final = {
    "pack": "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
    "unpack": "M4 12v7h16v-7M12 4v10M8 10l4 4 4-4",
    "http_request": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18",
    "selector": "M12 3v6M12 9c0 5-6 4-6 11M12 9c0 5 6 4 6 11M3 17l3 3 3-3M15 17l3 3 3-3",
    "set": "M5 8h14M5 16h14M9 5v6M15 13v6",
    "event": "M6 21V4h11l-2.5 4L17 12H6",
    "log": "M5 5h14M5 10h14M5 15h9M5 20h6",
    "scheduled": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l4 2.5",
    "foreach": "M4 11V9a3 3 0 0 1 3-3h12M16 3l3 3-3 3M20 13v2a3 3 0 0 1-3 3H5M8 21l-3-3 3-3",
    "store_get": _STORE,
    "store_set": _STORE,
    "sql_pipe": _STORE,
    "result": "M4 12.5l5 5L20 6.5",
    "error": "M12 4l9 16H3zM12 10v4M12 17v.5",
}
"""By type of pipe; each the data of an SVG path."""

OTHER: Final = "M5 5h14v14H5z"
"""Of a type without an icon of its own."""
