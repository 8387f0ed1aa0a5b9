"""Codes of the faults of a channel's pipelines; they go on from those of the file (`akrun.model.codes`)."""

from typing import Final

UNKNOWN_PIPE: Final = "C501"
MISPLACED_PIPE: Final = "C502"
PARAMETER: Final = "C503"
ENDLESS_LOOP: Final = "C504"
LIMIT_CONFLICT: Final = "C505"
NO_RETRY: Final = "C506"
NO_EXITS: Final = "C507"
REPEATED: Final = "C508"

CODES: Final[dict[str, str]] = {
    UNKNOWN_PIPE: "A pipe has a type that does not exist.",
    MISPLACED_PIPE: "A pipe stands in a pipeline where its type is not allowed.",
    PARAMETER: "A parameter of a pipe has a value that the pipe cannot use, or contradicts another.",
    ENDLESS_LOOP: "Pipes lead back to each other, so that an event would go round for ever.",
    LIMIT_CONFLICT: "Two pipes share a rate limit by name but give it different rates.",
    NO_RETRY: "A pipe that cannot be retried has `retry`.",
    NO_EXITS: "A pipe that ends the event has an exit.",
    REPEATED: "A pipe stands below another of its kind, of which only one may be on a way.",
}
"""What each code means, in one sentence."""
