"""How often each exit was taken in a process that serves, by its metrics."""

from collections.abc import Mapping
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from akrun.errors import AkrunError
from akrun.observe.definitions import PIPE_EVENTS

_PATIENCE: Final = httpx.Timeout(10.0)


class NoCountsError(AkrunError):
    """The process did not tell its counts."""


def served_counts(url: str, token: str | None, channel: str) -> dict[tuple[str, int, str], int]:
    """(pipeline, pipe, exit) → how often, for a channel, since the process began.

    Args:
        url: the address of a process that serves, such as `http://127.0.0.1:8090`.
        token: one with the scope `read`.
        channel: the channel's `string_id`.

    Raises:
        NoCountsError: The process cannot be reached, refuses the token, or does not serve the channel.
    """
    address = url.rstrip("/") + "/metrics"
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.get(address, headers=headers, timeout=_PATIENCE, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoCountsError(f"{address} cannot be asked: {error}") from error
    if answer.status_code in (401, 403):
        hint = "give a token with the scope `read` (`akrun token create` makes one)"
        raise NoCountsError(f"{address} answered {answer.status_code}: {hint}")
    if answer.status_code != 200:
        raise NoCountsError(f"{address} answered {answer.status_code}")
    try:
        samples = _samples(answer.text)
        found = {
            (labels["pipeline"], int(labels["pipe"]), labels["exit"]): int(count)
            for labels, count in samples
            if labels["channel"] == channel
        }
    except (ValueError, KeyError) as error:
        raise NoCountsError(f"{address} did not answer with metrics of akrun") from error
    if not found:
        raise NoCountsError(f"{address} has counted nothing for the channel `{channel}` yet")
    return found


def _samples(text: str) -> list[tuple[Mapping[str, str], float]]:
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == PIPE_EVENTS.name
    ]
