"""Reports and histories over the API."""

from pathlib import Path

from tests.akrun.http_server import Reply
from tests.akrun.server.api.scene import MESSAGES, launched, message, problem, rows, served_shop
from tests.akrun.server.scene import Serving, until


async def finished(served: Serving) -> None:
    async def has() -> bool:
        return bool((await served.api("GET", "/api/mailings/5")).json()["state"] == "finished")

    await until(has)


async def test_a_launch_is_reported_with_its_events_and_failures(tmp_path: Path) -> None:
    async with served_shop(tmp_path, Reply(status=400), Reply()) as (served, _):
        launch = (await launched(served, rows(1, 2, 3))).json()["launch_id"]
        await finished(served)
        by_mailing = (await served.api("GET", "/api/reports/mailings/5")).json()
        by_launch = (await served.api("GET", f"/api/reports/launches/{launch}")).json()
        assert by_mailing == by_launch
        assert (by_launch["counts"]["done"], by_launch["counts"]["failed"]) == (2, 1)
        [event] = by_launch["events"]
        assert (event["name"], event["event_type"], event["count"]) == ("Sent", "send", 2)
        [failure] = by_launch["failures"]
        assert (failure["pipe"], failure["code"], failure["count"]) == (2, "400", 1)


async def test_everything_is_reported_single_messages_too(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        await served.api("POST", MESSAGES, json=message(1))
        await launched(served, rows(1, 2))
        await finished(served)
        await served.settled()
        found = (await served.api("GET", "/api/reports")).json()
        [event] = found["events"]
        assert (event["event_type"], event["channel_id"], event["count"]) == ("send", 7, 3)
        assert found["unknown_events"] == 0
        history = (await served.api("GET", "/api/profiles/p1/history")).json()
        assert sorted(str(each["mailing_id"]) for each in history["items"]) == ["5", "None"]


async def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    async with served_shop(tmp_path) as (served, _):
        for path in ("mailings/5", "launches/5"):
            problem(await served.api("GET", f"/api/reports/{path}"), 404, "not_found")
        assert (await served.api("GET", "/api/profiles/p1/history")).json()["items"] == []
        assert (await served.api("GET", "/api/reports")).json() == {"events": [], "unknown_events": 0}
