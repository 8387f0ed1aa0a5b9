"""What becomes of a message that the demo gateway has accepted, and how its sender learns of it.

The last two digits of the recipient's number decide:

    ..80 to ..84  undelivered, told by a callback
    ..85 to ..89  delivered, told to those who ask
    ..90 to ..94  undelivered, told to those who ask
    other         delivered, told by a callback
"""

from dataclasses import dataclass
from typing import Any

EXPIRED = "expired: the handset was off"


@dataclass(frozen=True, slots=True)
class Fate:
    """The final status of a message, and whether a callback tells it."""

    delivered: bool
    by_callback: bool

    def report(self, message_id: str) -> dict[str, Any]:
        """The delivery report."""
        if self.delivered:
            return {"id": message_id, "status": "delivered"}
        return {"id": message_id, "status": "undelivered", "reason": EXPIRED}


def fate_of(number: str) -> Fate:
    """What becomes of a message to this number."""
    ending = int(number[-2:])
    return Fate(not (80 <= ending < 85 or 90 <= ending < 95), not 85 <= ending < 95)
