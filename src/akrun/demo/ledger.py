"""What the demo gateway keeps: every message it settled, and exact counts of what it answered."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import orjson

from akrun.demo.rules import Answer, Message, Outcome, judge, read_message, reject

SETTLED = frozenset({Outcome.ACCEPTED, Outcome.UNDELIVERABLE, Outcome.REJECTED})
"""Outcomes that stand: a repeated request gets them again. Throttled and failed ones may be tried anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One settled message and its answer."""

    message: Message
    digest: bytes
    answer: Answer

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as the gateway lists and logs it."""
        return {
            "outcome": self.answer.outcome,
            "message": self.message.model_dump(by_alias=True, exclude_none=True),
            "answer": self.answer.body,
        }


class Ledger:
    """The gateway's memory, written to a JSONL file as well when it is given one.

    Each request is counted once: under its outcome, or as a duplicate (the same id with the same body again).
    """

    def __init__(self, log: Path | None = None) -> None:
        self._entries: dict[str, Entry] = {}
        self._counts: Counter[str] = Counter()
        self._log: TextIO | None = log.open("a", encoding="utf-8") if log else None

    def receive(self, body: bytes) -> tuple[Message | None, Answer]:
        """Return the message in one request's body (None if there is none) and its answer, and keep both."""
        message = read_message(body)
        if isinstance(message, Answer):
            return None, self.record(message)
        return message, self._answer(message, body)

    def _answer(self, message: Message, body: bytes) -> Answer:
        digest = hashlib.sha256(body).digest()
        known = self._entries.get(message.id)
        if known is None or known.digest != digest:
            return self.record(self._settle(message, digest, known))
        self._counts["received"] += 1
        self._counts["duplicates"] += 1
        return known.answer

    def record(self, answer: Answer) -> Answer:
        """Count one request under the outcome of `answer`, and return the answer."""
        self._counts["received"] += 1
        self._counts[answer.outcome] += 1
        return answer

    def count_unauthorized(self) -> None:
        """Count a request that came without the right key; it counts nowhere else."""
        self._counts["unauthorized"] += 1

    def entries(self, outcome: str | None = None) -> list[Entry]:
        """Return the settled messages in order of arrival, all or those of one outcome."""
        return [entry for entry in self._entries.values() if outcome in (None, entry.answer.outcome)]

    def stats(self) -> dict[str, int]:
        """Return the counts: requests received, by outcome, duplicates, unauthorized, and distinct ids."""
        names = ("received", *Outcome, "duplicates", "unauthorized")
        return {str(name): self._counts[name] for name in names} | {"ids": len(self._entries)}

    def close(self) -> None:
        """Close the log file."""
        if self._log:
            self._log.close()

    def _settle(self, message: Message, digest: bytes, known: Entry | None) -> Answer:
        if known is not None and known.answer.outcome is not Outcome.REJECTED:
            return reject("id_conflict", f"id: {message.id!r} came before with another body", status=409)
        answer = judge(message)
        if answer.outcome in SETTLED:
            entry = Entry(message, digest, answer)
            self._entries[message.id] = entry
            if self._log:
                self._log.write(orjson.dumps(entry.to_dict()).decode() + "\n")
                self._log.flush()
        return answer
