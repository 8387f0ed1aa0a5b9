"""What the state machines of the contract draw: few ids, so that calls meet, and any value beside them."""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from akrun.backend import DeadLetter, EventRecord, MessageState, NewJob, Outcome, TraceRecord

Ending = Literal[MessageState.DONE, MessageState.FAILED, MessageState.SKIPPED, MessageState.UNCERTAIN]

text = st.text(max_size=4)  # any Unicode, NUL and beyond the basic plane included
bodies = st.binary(max_size=4)
pipes = st.none() | st.integers(0, 9)
times = st.integers(0, 20).map(float) | st.floats(0, 20).map(lambda time: round(time, 6))
launch_ids = st.sampled_from(["1a", "1b", "2a"])  # the digit is the mailing
message_ids = st.builds("{}/{}".format, launch_ids, st.integers(0, 3))
job_ids = st.integers(1, 9).map("j{}".format)
channels = st.sampled_from(["sms", "chat"])
new_jobs = st.builds(
    NewJob,
    id=job_ids,
    channel=channels,
    pipeline=st.sampled_from(["schedule", "listener", "stop", "message"]),
    pipe=pipes,
    payload=bodies,
    due=times,
    origin_message=st.none() | message_ids,
    profile_id=st.none() | st.sampled_from(["p0", "p9"]),
)
endings = st.sampled_from(["done", "failed", "skipped", "uncertain"]).map(MessageState)
events = st.builds(
    EventRecord,
    send_message_id=message_ids | job_ids,
    channel_id=st.just(1),
    event_type=st.sampled_from(["send", "undeliv"]),
    action_type=st.sampled_from([None, 0, 7]),
    key=text,
    time=st.floats(0, 1e10),
    reason=st.none() | text,
    data=st.none() | st.dictionaries(text, st.integers(-9, 9) | text, max_size=2),
)
errors = st.builds(lambda reason: {"kind": "http", "message": reason}, text)
letters = st.builds(
    DeadLetter,
    message_id=st.none() | message_ids,
    pipeline=st.just("message"),
    pipe=pipes,
    input=bodies,
    error=errors,
    attempts=st.integers(0, 2),
    time=st.floats(0, 1e10),
)
traces = st.builds(
    TraceRecord, unit=st.just("?"), attempt=st.integers(1, 2), time=st.floats(0, 20), body=bodies
)


@dataclass(frozen=True)
class Finish:
    """An outcome, and what comes with it."""

    outcome: Outcome
    events: list[EventRecord]
    dead: DeadLetter | None
    jobs: list[NewJob]
    trace: TraceRecord | None


finishes = st.builds(
    Finish,
    outcome=st.builds(
        Outcome,
        state=endings,
        pipe=pipes,
        error=st.none() | errors,
        finished_at=st.floats(0, 1e10),
        resent=st.integers(0, 2),
    ),
    events=st.lists(events, max_size=3),
    dead=st.none() | letters,
    jobs=st.lists(new_jobs, max_size=2),
    trace=st.none() | traces,
)
