"""Every metric: its name, its kind, what it says, and its labels."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric; `name` as it is in Prometheus' text form, `help` a sentence without its full stop."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The name without the ending that the text form adds."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


PIPE_EVENTS: Final = Definition(
    "akrun_pipe_events_total",
    "counter",
    "Events that left a pipe, by the exit they took: `success`, `error` or `out <pipe id>`",
    ("channel", "pipeline", "pipe", "type", "exit"),
)
PIPE_DURATION: Final = Definition(
    "akrun_pipe_duration_seconds",
    "histogram",
    "Time of events in a pipe that waits (`http_request`, `sql`, `foreach`, …), retries and waits included",
    ("channel", "pipeline", "pipe", "type"),
)
PIPE_BUSY: Final = Definition(
    "akrun_pipe_busy",
    "gauge",
    "Events in a pipe that waits, now",
    ("channel", "pipeline", "pipe", "type"),
)
PIPE_RESENT: Final = Definition(
    "akrun_pipe_resent_total",
    "counter",
    "Requests sent again though nobody knew what became of the one before",
    ("channel", "pipeline", "pipe", "type"),
)
HTTP_REQUESTS: Final = Definition(
    "akrun_http_requests_total",
    "counter",
    "Requests that got a response, by the class of its status: `2xx`, …; origins beyond 1000 are `others`",
    ("origin", "status"),
)
HTTP_FAILURES: Final = Definition(
    "akrun_http_failures_total",
    "counter",
    "Requests that got no response, by the kind of the failure: `timeout`, `connection`, `tls`, `breaker`, …",
    ("origin", "kind"),
)
HTTP_SECONDS: Final = Definition(
    "akrun_http_seconds_total",
    "counter",
    "Time in requests, of all together, waiting for a connection included",
    ("origin",),
)
HTTP_CONNECTIONS: Final = Definition(
    "akrun_http_connections", "gauge", "Open connections, `busy` or `idle`", ("state",)
)
HTTP_WAITING: Final = Definition(
    "akrun_http_waiting", "gauge", "Requests that wait for a connection to their origin, now"
)
BREAKER_STATE: Final = Definition(
    "akrun_breaker_state",
    "gauge",
    "1 for the state of the circuit breaker of an origin that fails: `closed`, `open` or `half_open`",
    ("origin", "state"),
)
BREAKER_FAILURES: Final = Definition(
    "akrun_breaker_failures", "gauge", "Failures in a row of an origin that fails, now", ("origin",)
)
MESSAGES: Final = Definition(
    "akrun_messages",
    "gauge",
    "Messages of the latest launches of a channel's mailings, by state",
    ("channel", "state"),
)
JOBS: Final = Definition(
    "akrun_jobs",
    "gauge",
    "Jobs (callbacks, single messages, scheduled events) by state; `pending` ones need not be due yet",
    ("state",),
)
DEAD_LETTERS: Final = Definition("akrun_dead_letters", "gauge", "Dead letters that nobody has dealt with")
LAG: Final = Definition(
    "akrun_job_lag_seconds", "gauge", "How long the job that is due for longest has been due; 0 when none is"
)
LISTENER: Final = Definition(
    "akrun_listener_requests_total",
    "counter",
    "Callbacks by what became of them: `accepted`, `duplicate`, or the status that they were refused with",
    ("channel", "outcome"),
)
COMMITS: Final = Definition("akrun_backend_commits_total", "counter", "Transactions of the backend's writer")
OPERATIONS: Final = Definition(
    "akrun_backend_operations_total", "counter", "Writes that were carried out in these transactions"
)
LARGEST_COMMIT: Final = Definition(
    "akrun_backend_largest_commit", "gauge", "Most writes that one transaction has carried out"
)
BUILD: Final = Definition("akrun_build_info", "gauge", "1, for the version of akrun that runs", ("version",))

DEFINITIONS: Final = (
    PIPE_EVENTS, PIPE_DURATION, PIPE_BUSY, PIPE_RESENT,
    HTTP_REQUESTS, HTTP_FAILURES, HTTP_SECONDS, HTTP_CONNECTIONS, HTTP_WAITING,
    BREAKER_STATE, BREAKER_FAILURES,
    MESSAGES, JOBS, DEAD_LETTERS, LAG, LISTENER,
    COMMITS, OPERATIONS, LARGEST_COMMIT, BUILD,
)  # fmt: skip
"""All of them, in the order in which they are documented."""


def reference() -> str:
    """A table of all of them in Markdown, as `docs/observability.md` has it."""
    lines = ["| metric | kind | labels | what it says |", "|---|---|---|---|"]
    for each in DEFINITIONS:
        labels = " ".join(f"`{label}`" for label in each.labels)
        lines.append(f"| `{each.name}` | {each.kind} | {labels} | {each.help} |")
    return "\n".join(lines)
