"""A snapshot that has everything in it, and one with nothing."""

from akrun.backend import Counts, JobCounts
from akrun.top.snapshot import Breaker, Failure, MailingLine, Process, Snapshot

NOW = 1_900_000_000.0


def counts(done: int, failed: int, uncertain: int, left: int, skipped: int = 0) -> Counts:
    total = done + failed + uncertain + left + skipped
    return Counts(total, done, failed, skipped, uncertain, left, 0)


NOTHING = Snapshot(
    time=NOW,
    place=".akrun/akrun.db",
    shared=False,
    mailings=(),
    processes=(),
    jobs=JobCounts(0, 0, 0, 0, 0),
    job_rate=0.0,
    dead_letters=0,
    failures=(),
    breakers=(),
)

EVERYTHING = Snapshot(
    time=NOW,
    place="nats://10.0.0.1:4222,nats://10.0.0.2:4222",
    shared=True,
    mailings=(
        MailingLine(501, "Bakery newsletter", "sms", "sending", counts(500_000, 12, 3, 499_985), 1234.0),
        MailingLine("a-7", "Reminder", "sms", "sending", counts(0, 0, 0, 10), 0.0),
        MailingLine(502, "Spring", "sms", "paused", counts(10, 0, 0, 10, skipped=20), 0.0),
        MailingLine(503, "Summer", "telegram", "moderating", None, 0.0),
        MailingLine(500, "Winter", "sms", "finished", counts(1000, 0, 0, 0), 0.0),
    ),
    processes=(
        Process("serve", "gateway-1", 4711, NOW - 260_000, 64, 1_250_000, 617.0),
        Process("worker", "gateway-2", 42, NOW - 5, 32, 1_000, 4.25),
    ),
    jobs=JobCounts(pending=12, in_progress=3, done=4_000, failed=2, uncertain=1),
    job_rate=7.4,
    dead_letters=15,
    failures=(
        Failure("message", 3, "500", "https://api.example.com/send answered 500", 12, NOW - 7),
        Failure("listener", None, "payload", "its payload cannot be read", 3, NOW - 86_400),
    ),
    breakers=(Breaker("https://api.example.com", 2, 14),),
)
