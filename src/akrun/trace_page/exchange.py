"""What went out of a pipe and what came back: requests, the service's raw answers, failures."""

from collections.abc import Mapping
from typing import Any

from akrun.trace_page.html import esc, milliseconds, tag
from akrun.trace_page.json_view import body_block


def exchange(found: Mapping[str, Any], number: str, level: int) -> str:
    """One attempt at an exchange.

    Args:
        found: As `akrun.engine.trace_record.trace_to_dict` gives it.
        number: ` 2` where there are several, else empty.
        level: Of its headings.
    """
    sent = found["request"]
    heading = f"h{min(level, 6)}"
    parts = [
        tag(heading, f"Request{number} {_soft('at ' + milliseconds(found['start']))}"),
        tag("p", f"<b>{esc(sent['method'])}</b> {esc(sent['url'])}", class_="line"),
        _headers(sent["headers"]),
    ]
    if sent["body"] is not None:
        parts.append(body_block(str(sent["body"])))
    took = "" if found["elapsed"] is None else _soft("after " + milliseconds(found["elapsed"]))
    response, failure = found["response"], found["failure"]
    if response is not None:
        tone = "good" if 200 <= response["status"] < 400 else "bad"
        parts += [
            tag(heading, f"Answer{number} {took}"),
            tag("p", tag("b", esc(response["status"]), class_=tone), class_="line"),
            _headers(response["headers"]),
            body_block(str(response["body"])),
        ]
    elif failure is not None:
        parts += [
            tag(heading, f"No answer{number} {took}"),
            tag("p", f"<b>{esc(failure['kind'])}</b>: {esc(failure['message'])}", class_="line bad"),
        ]
    else:
        parts.append(tag("p", f"No answer{number} was waited for.", class_="note"))
    return tag("section", "".join(parts), class_="exchange")


def _headers(headers: Mapping[str, Any]) -> str:
    if not headers:
        return tag("p", "no headers", class_="soft")
    rows = "".join(
        tag("tr", tag("th", esc(name), scope="row") + tag("td", esc(value)))
        for name, value in headers.items()
    )
    return tag("table", f"<caption>Headers</caption><tbody>{rows}</tbody>", class_="headers")


def _soft(text: str) -> str:
    return tag("small", esc(text), class_="soft")
