"""What a host gives to an environment that travels to other processes."""

from datetime import UTC, datetime
from typing import Any

import aktmpl


@aktmpl.function(category="shop", since="1.0")
def price(cents: int, currency: str = "EUR") -> str:
    """An amount with its currency."""
    return f"{cents // 100}.{cents % 100:02} {currency}"


def shout(text: str, mark: str = "!") -> str:
    """The text in capitals."""
    return text.upper() + mark


def clock() -> datetime:
    """Always the same time."""
    return datetime(2026, 11, 24, tzinfo=UTC)


def made() -> aktmpl.Environment:
    """An environment of which nothing is the default."""
    return aktmpl.Environment(
        schema=aktmpl.Schema(
            {"in": {"cents": "int", "name?": "string", "l?": [{"x": "int"}]}, "sender": {"name": "string"}}
        ),
        limits=aktmpl.Limits(output=1000),
        cache_size=7,
        functions=[price, shout],
        clock=clock,
        entropy=bytes,
    )


def render(task: tuple[aktmpl.TextTemplate, dict[str, Any]]) -> tuple[str, int]:
    """What a worker answers: the text, and which object the template became."""
    template, scope = task
    return template.render(scope), id(template)
