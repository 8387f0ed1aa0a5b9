"""Tokens, bytes and units: what goes in comes out, and no two things share a subject."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akrun.backend import JournalEntry, MessageState, Outcome, RecordError
from akrun.backend.cluster import units
from akrun.backend.cluster.codec import pack, unpack
from akrun.backend.cluster.reading import Record
from akrun.backend.cluster.subjects import LONGEST, NONE, Subjects, token
from akrun.backend.cluster.units import JobUnit, MessageUnit
from tests.contract.drawn import errors, text, times

blobs = st.none() | st.binary(max_size=9)
entries = st.builds(
    JournalEntry,
    event=text,
    unit=st.just("u.1"),
    checkpoint=blobs,
    intent=st.none() | st.integers(0, 9),
    resent=st.integers(0, 3),
    replays=st.integers(0, 3),
)
outcomes = st.builds(
    Outcome,
    state=st.sampled_from(["done", "failed", "uncertain"]).map(MessageState),
    pipe=st.none() | st.integers(0, 9),
    error=st.none() | errors,
    finished_at=times,
    resent=st.integers(0, 3),
)
common: dict[str, Any] = {
    "id": st.just("u.1"),
    "attempts": st.integers(0, 9),
    "owner": st.none() | text,
    "journal": st.lists(entries, max_size=3).map(tuple),
    "first": st.integers(0, 2**53),
    "payload": blobs,
}
message_units = st.builds(
    MessageUnit, launch_id=text, ordinal=st.integers(0, 10**9), profile_id=text, **common
)
job_units = st.builds(
    JobUnit,
    channel=text,
    pipeline=text,
    pipe=st.none() | st.integers(0, 9),
    due=st.integers(-(10**18), 10**18),
    origin_message=st.none() | text,
    profile_id=st.none() | text,
    **common,
)


@given(st.lists(st.text(max_size=200), min_size=2, max_size=2, unique=True))
def test_different_texts_have_different_tokens(texts: list[str]) -> None:
    one, other = map(token, texts)
    assert one != other
    assert NONE not in {one, other}


@given(st.text() | st.text(alphabet=".*> \t=/\\", min_size=1))
def test_a_token_is_one_token(given: str) -> None:
    assert re.fullmatch(rf"[A-Za-z0-9_=-]{{1,{LONGEST}}}", token(given))


def test_half_a_character_is_refused() -> None:
    with pytest.raises(RecordError, match="not Unicode"):
        token("a\ud800")
    with pytest.raises(RecordError, match="not a JSON value"):
        pack(["a\ud800"])


def test_subjects_say_what_they_are_of() -> None:
    subjects = Subjects("akrun")
    assert subjects.work("message", "L.1", "m 1") == "akrun.work.message.L=2E1.m=201"
    assert subjects.at("schedule", 12, "j") == "akrun.at.schedule.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.2.j"
    assert subjects.dead(None, "job", "j") == "akrun.dead.=none.job.j"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), st.lists(blobs))
def test_what_is_packed_is_unpacked(head: Any, parts: list[bytes | None]) -> None:
    assert unpack(pack(head, *parts)) == (head, parts)


@given(message_units | job_units, st.none() | outcomes)
def test_a_unit_is_what_was_stored(unit: MessageUnit | JobUnit, outcome: Outcome | None) -> None:
    state = MessageState.PENDING if outcome is None else outcome.state
    stored = replace(unit, state=state, outcome=outcome)
    assert units.decode(Record("any", 1, stored.encode(), {})) == stored
