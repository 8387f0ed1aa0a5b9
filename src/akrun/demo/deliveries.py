"""Delivery reports of accepted messages: told by callback or when asked, each counted once."""

import time
from typing import Any

from akrun.demo.callbacks import Callbacks
from akrun.demo.fate import fate_of
from akrun.demo.rules import Message


class Deliveries:
    """Keeps what was told of which message.

    Args:
        callbacks: Tells those who gave an address.
        delay: Seconds until a message's fate is known.
    """

    def __init__(self, callbacks: Callbacks, delay: float = 0.2) -> None:
        self._callbacks = callbacks
        self._delay = delay
        self._known_at: dict[str, float] = {}
        self._numbers: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self.polls = 0
        """Questions for a message's status."""

    def accept(self, message: Message) -> None:
        """Take note of an accepted message."""
        if message.id in self._numbers:
            return
        self._numbers[message.id] = message.to
        self._known_at[message.id] = time.monotonic() + self._delay
        fate = fate_of(message.to)
        if message.callback_url is not None and fate.by_callback:
            report = fate.report(message.id)
            self._callbacks.tell(message.callback_url, report, lambda: self._tell(report))

    def status(self, message_id: str) -> dict[str, Any] | None:
        """The report of a message, `pending` before it is known; None when it was never accepted."""
        number = self._numbers.get(message_id)
        if number is None:
            return None
        self.polls += 1
        if time.monotonic() < self._known_at[message_id]:
            return {"id": message_id, "status": "pending"}
        report = fate_of(number).report(message_id)
        self._tell(report)
        return report

    def stats(self) -> dict[str, int]:
        """Messages whose final status was told, and how."""
        told = list(self._told.values())
        return {
            "delivered": told.count("delivered"),
            "undelivered": told.count("undelivered"),
            "callbacks": self._callbacks.taken,
            "polls": self.polls,
        }

    def _tell(self, report: dict[str, Any]) -> None:
        self._told[report["id"]] = report["status"]
