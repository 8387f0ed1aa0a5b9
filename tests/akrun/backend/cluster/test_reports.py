"""The database for reports: each event once, whoever fills it, and what reports count."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from akrun.backend import EventSummary, UnavailableError
from akrun.backend.cluster import reports as module
from akrun.backend.cluster.reports import Belongs, EventRow, Reports, Scope
from tests.akrun.sql.postgres import postgres

FIRST = EventRow(5, "m1", 1, "send", None, "", 2.0, None, "null", "p1", "7", "L", Belongs.LAUNCH)


EVERYTHING = Scope()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    server: str = request.getfixturevalue("server")
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture
def made(url: str | None, tmp_path: Path) -> Iterator[Reports]:
    opened = Reports(url, tmp_path, "akrun")
    opened.open("AKRUN 1")
    yield opened
    opened.close()


def another(url: str | None, tmp_path: Path, stream: str = "AKRUN 1", prefix: str = "akrun") -> Reports:
    """The same database, as another process opens it."""
    opened = Reports(url, tmp_path, prefix)
    opened.open(stream)
    return opened


def counted(reports: Reports, scope: Scope = EVERYTHING) -> tuple[list[int], int]:
    """The counts of a report by kind, and of unknown events."""
    made = reports.report(scope)
    return [summary.count for summary in made.events], made.unknown


def test_rows_and_position_move_together(made: Reports) -> None:
    assert made.position() == 0
    assert made.add(0, [FIRST, FIRST._replace(sequence=8, key="2")])
    assert made.position() == 8
    assert not made.add(0, [FIRST])
    assert counted(made) == ([2], 0)


def test_rows_that_cannot_be_stored_leave_the_position(made: Reports) -> None:
    made.add(0, [FIRST])
    with pytest.raises(UnavailableError):
        made.add(5, [FIRST._replace(sequence=9), FIRST])
    assert made.position() == 5
    assert counted(made) == ([1], 0)


def test_two_processes_fill_one_database(made: Reports, url: str | None, tmp_path: Path) -> None:
    other = another(url, tmp_path)
    assert other.add(0, [FIRST])
    assert not made.add(0, [FIRST])
    assert made.add(made.position(), [FIRST._replace(sequence=6, key="2")])
    other.close()
    assert counted(made) == ([2], 0)


def test_several_processes_make_the_tables_at_once(url: str | None, tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as threads:
        opened = list(threads.map(lambda _: another(url, tmp_path), range(6)))
    assert [each.add(0, [FIRST]) for each in opened] == [True] + [False] * 5
    for each in opened:
        each.close()


def test_installations_share_a_database(made: Reports, url: str | None, tmp_path: Path) -> None:
    other = another(url, tmp_path, prefix="second-one")
    made.add(0, [FIRST])
    assert (other.position(), counted(other)) == (0, ([], 0))
    other.close()


@pytest.mark.parametrize("why", ["stream", "layout"])
def test_filled_anew_for_another_stream_or_layout(
    made: Reports, url: str | None, tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.add(0, [FIRST])
    made.close()
    if why == "layout":
        monkeypatch.setattr(module, "LAYOUT", module.LAYOUT + 1)
    other = another(url, tmp_path, "AKRUN 2" if why == "stream" else "AKRUN 1")
    assert (other.position(), counted(other)) == (0, ([], 0))
    other.close()


def test_any_text_comes_back(made: Reports) -> None:
    texts = ["\0", "\\0", "\\", "\\\\0\0", "день", "", "\U0001f600'\""]
    rows = [FIRST._replace(sequence=n, key=each, reason=each, data=each) for n, each in enumerate(texts, 1)]
    made.add(0, rows)
    assert made.history("p1") == rows
    assert made.report(Scope()).events[0].reasons == dict.fromkeys(texts, 1)


def test_a_history_is_by_time_and_then_as_the_events_came(made: Reports) -> None:
    rows = [FIRST._replace(sequence=n, time=at) for n, at in ((1, 9.5), (2, 3.0), (3, 9.5), (4, 1e10))]
    made.add(0, [*rows, FIRST._replace(sequence=5, profile_id="p2")])
    assert [row.sequence for row in made.history("p1")] == [2, 1, 3, 4]
    assert made.history("p3") == []


def test_a_report_counts_by_kind_with_times_and_reasons(made: Reports) -> None:
    undelivered = FIRST._replace(event_type="undeliv", action_type=5)
    rows = [
        undelivered._replace(time=30.0, reason="blocked"),
        undelivered._replace(time=20.0, reason="absent", send_message_id="m2"),
        undelivered._replace(time=40.0, reason="blocked", key="2"),
        undelivered._replace(time=50.0, key="3", action_type=None),
    ]
    made.add(0, [row._replace(sequence=n) for n, row in enumerate(rows, 1)])
    found = made.report(Scope())
    assert found.events == (
        EventSummary(1, "undeliv", None, 1, 1, 50.0, 50.0, {}),
        EventSummary(1, "undeliv", 5, 3, 2, 20.0, 40.0, {"blocked": 2, "absent": 1}),
    )
    assert list(found.events[1].reasons) == ["blocked", "absent"]


def test_what_each_scope_counts(made: Reports) -> None:
    rows = [
        FIRST,
        FIRST._replace(launch_id="L2", key="of another launch"),
        FIRST._replace(mailing="8", launch_id="M", key="of another mailing"),
        FIRST._replace(belongs=Belongs.CONTROL, launch_id="C", key="of a control run"),
        FIRST._replace(belongs=Belongs.ITSELF, mailing=None, launch_id=None, key="of a single message"),
        FIRST._replace(belongs=Belongs.NOTHING, mailing=None, launch_id=None, key="of nobody"),
        FIRST._replace(belongs=Belongs.NOTHING, launch_id=None, key="that claims a mailing"),
        FIRST._replace(belongs=Belongs.NOTHING, mailing=None, key="that claims a launch"),
    ]
    made.add(0, [row._replace(sequence=n) for n, row in enumerate(rows, 1)])
    assert counted(made) == ([4], 3)
    assert counted(made, Scope("7", launches=["L", "L2"])) == ([2], 2)
    assert counted(made, Scope("8", launches=["M"])) == ([1], 0)
    assert counted(made, Scope(launch_id="L")) == ([1], 1)
    assert counted(made, Scope(launch_id="C")) == ([], 0)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nothing", "report_database cannot be used (ArgumentError)"),
        ("nodialect://u:secret@h/d", "report_database cannot be used (NoSuchModuleError)"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/d", "the database for reports: "),
        ("sqlite:////nowhere/reports.db", "/nowhere/reports.db: its directory does not exist; create it"),
        ("sqlite://", "a database in memory is lost with its process; name a file"),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, url: str, said: str) -> None:
    reports = Reports(url, tmp_path, "akrun")
    with pytest.raises(UnavailableError) as caught:
        reports.open("AKRUN 1")
    assert str(caught.value).startswith(said)
    assert "secret" not in str(caught.value)
    reports.close()


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="check report_database, its account and the server"):
        Reports("postgresql+psycopg://u:secret@127.0.0.1:1/d", tmp_path, "akrun").reach()


def test_looking_whether_it_answers_changes_nothing(url: str | None, tmp_path: Path) -> None:
    Reports(url, tmp_path, "akrun").reach()
    engine = create_engine(url or f"sqlite:///{tmp_path / module.FILE}")
    with engine.begin() as connection:
        assert not engine.dialect.has_table(connection, "akrun_position")
    engine.dispose()
