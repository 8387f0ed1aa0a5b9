"""The whole life of a message: moderated, sent, delivered by a callback, undelivered by a poll, stopped."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from akrun.backend import Backend, ControlKind, ControlState
from akrun.demo.callbacks import CALLBACK_KEY
from akrun.demo.gateway import running_gateway
from akrun.mailing.report import ReportError, make_report
from tests.akrun.server.scene import Serving, until
from tests.contract.engines import ENGINES
from tests.nats_server import prefix_of, shared

BOARD = Path(__file__).parents[2] / "examples" / "board"


def stored(engine: str, directory: Path) -> bytes:
    """All that the engine has on its disk for that directory."""
    if engine == "embedded":
        return b"".join(file.read_bytes() for file in directory.glob("akrun.db*"))
    blocks = (shared().directory / "store").rglob("*.blk")
    own = prefix_of(directory)
    return b"".join(file.read_bytes() for file in blocks if own in str(file).lower())


@pytest.mark.parametrize("engine", ENGINES)
async def test_the_whole_life_of_a_message(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_CALLBACK_KEY", CALLBACK_KEY)
    channel = json.loads((BOARD / "channel.json").read_text())
    mailing = json.loads((BOARD / "mailing.json").read_text())
    async with running_gateway() as gateway:
        values = {"sender.url": gateway.url, "sender.api_key": gateway.api_key}

        def made(directory: Path) -> Backend:
            return ENGINES[engine](directory, time.time)

        async with Serving(tmp_path, channel, values, engine=made).run() as served:
            address = f"{served.url}/listen/demo_board"
            mailing["sender"] |= {"url": gateway.url, "callback_url": address}

            async def report() -> dict[str, Any]:
                try:
                    return (await make_report(served.backend, 601)).to_dict()
                except ReportError:
                    return {"events": [], "state": "not launched"}

            async def events() -> dict[str, int]:
                return {event["event_type"]: event["count"] for event in (await report())["events"]}

            found = await asyncio.to_thread(served.control.submit, served.job(mailing), relaunch=False)
            assert (found["state"], found["counts"]) == ("moderating", None)
            forged = await served.call(b'{"kind": "review", "status": "approved", "id": "x"}')
            assert forged.status_code == 401

            async def told() -> bool:
                return (await events()).keys() >= {"send", "deliv", "undeliv"}

            await until(told)
            running = await report()
            assert (running["state"], running["counts"]["done"], running["counts"]["total"]) == (
                "sending",
                1,
                1,
            )
            assert await events() == {"send": 1, "deliv": 1, "undeliv": 1}
            [undeliv] = [event for event in running["events"] if event["event_type"] == "undeliv"]
            assert undeliv["reasons"] == {"taken down by the board": 1}

            [moderation] = await served.backend.controls(mailing_id=601)
            assert (moderation.kind, moderation.state) == (ControlKind.MODERATE, ControlState.GRANTED)
            assert await served.events(moderation.message_id) == ["moderate_pass"]

            stopping = await asyncio.to_thread(served.control.ask, "601", "stop")
            assert (stopping["state"], stopping["stopping"]) == ("sending", True)

            async def stopped() -> bool:
                return bool((await report())["state"] == "stopped")

            await until(stopped)
            assert await events() == {"send": 1, "deliv": 1, "undeliv": 1, "stop": 1}
            assert gateway.board.stats() == {
                "approved": 1, "rejected": 0, "published": 0, "removed": 0, "stopped": 1,
            }  # fmt: skip
            assert (await served.settled())["failed"] == 0
    text = stored(engine, tmp_path)
    assert b"taken down by the board" in text
    assert gateway.api_key.encode() not in text
