"""`akrun dead`: letters chosen, shown, replayed and dropped, in the database and by a serving process."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from akrun.backend import DeadLetter, Embedded, LaunchState, MessageState, NewJob, Outcome
from akrun.cli import main
from akrun.engine.checkpoint import Checkpoint, encode_checkpoint
from akrun.engine.secrets import Masker
from akrun.mailing.launch import open_launch
from tests.akrun.cli.test_serve import akrun, process, write
from tests.akrun.http_server import Received, Reply, serve, serve_in_thread
from tests.akrun.mailing.scene import ENVIRONMENT, Ended, Scene, begin, end, rows
from tests.akrun.server.scene import direct_channel
from tests.akrun.server.test_mailings import step

UNCERTAIN = {"code": "uncertain", "message": "may have been sent", "pipe": 3, "kind": "uncertain"}
FAILED = {"code": 500, "message": "answered 500", "pipe": 3, "kind": "status"}
ENTERED = encode_checkpoint(Checkpoint(3, {"body": b'{"to": "+44"}', "n": 7}), Masker())


@pytest.fixture
def filled(scene: Scene) -> Scene:
    """Letters 1 to 3 of the mailing's messages, the second uncertain, and letter 4 of a callback."""
    scene.audience = rows([0] * 4)
    asyncio.run(fill(scene, [FAILED, UNCERTAIN, FAILED]))
    return scene


async def fill(scene: Scene, errors: Sequence[dict[str, Any]]) -> None:
    scene.data.mkdir()
    async with Embedded(scene.data / "akrun.db") as backend:
        launch = (await open_launch(backend, scene.job(), datetime.now(UTC))).launch
        await backend.set_launch_state(launch.launch_id, LaunchState.SENDING)
        for message, error in zip(await backend.lease(launch.launch_id, len(errors)), errors, strict=True):
            letter = DeadLetter(message.id, "message", 3, ENTERED, error, 1, 1000.0 + message.ordinal)
            outcome = Outcome(MessageState.FAILED, 3, error, 1.0)
            if error is UNCERTAIN:
                outcome = replace(outcome, state=MessageState.UNCERTAIN)
            await backend.finish(message.id, outcome, dead=letter)
        await backend.enqueue([NewJob("callback-1", "chat", "listener", None, b"{}", 0.0)])
        [job] = await backend.lease_jobs(1.0, 1)
        letter = DeadLetter(None, "listener", 2, b"", {**FAILED, "pipe": 2}, 1, 1010.0)
        await backend.finish_job(job.id, Outcome(MessageState.FAILED, 2, FAILED, 1.0), dead=letter)


def run(scene: Scene, *arguments: str, answer: str | None = None) -> Result:
    whole = ["dead", *arguments, "--data", str(scene.data)]
    return CliRunner().invoke(main, whole, input=answer, env=ENVIRONMENT, catch_exceptions=False)


def listed(scene: Scene, *arguments: str) -> list[int]:
    found = run(scene, "list", "--json", *arguments)
    assert found.exit_code == 0, found.output
    return [each["id"] for each in json.loads(found.stdout)]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((), [1, 2, 3, 4]),
        (("--mailing", "501"), [1, 2, 3]),
        (("--mailing", "7"), []),
        (("--channel", "demo_sms"), [1, 2, 3]),
        (("--channel", "chat"), [4]),
        (("--state", "uncertain"), [2]),
        (("--state", "failed", "--mailing", "501"), [1, 3]),
        (("--after", "2"), [3, 4]),
        (("--limit", "2"), [1, 2]),
        (("--state", "failed", "--after", "1", "--limit", "1"), [3]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_letters_are_chosen_by_filters(filled: Scene, arguments: tuple[str, ...], ids: list[int]) -> None:
    assert listed(filled, *arguments) == ids


def test_the_list_says_what_and_where_and_that_there_is_more(filled: Scene) -> None:
    first, second, _, last = json.loads(run(filled, "list", "--json").stdout)
    assert (first["state"], first["channel"], first["mailing"], first["pipe"]) == (
        "failed",
        "demo_sms",
        501,
        3,
    )
    assert (second["state"], second["error"]) == ("uncertain", UNCERTAIN)
    assert (last["job_id"], last["channel"], last["mailing"]) == ("callback-1", "chat", None)
    part = run(filled, "list", "--limit", "2")
    assert first["message_id"] in part.stdout
    assert part.stderr == "there are more: --after 2\n"
    assert run(filled, "list", "--limit", "4").stderr == ""
    assert "channel chat, listener pipe 2" in run(filled, "list", "--after", "3").stdout
    assert run(filled, "list", "--after", "4").stdout == "no dead letters\n"


@pytest.mark.parametrize("columns", ["80", "100"])
def test_a_terminal_of_any_usual_width_shows_a_letter_whole(
    filled: Scene, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    letter = json.loads(run(filled, "show", "2").stdout)
    time = datetime.fromisoformat(letter["time"]).strftime("%Y-%m-%d %H:%M:%S")
    table = run(filled, "list", "--state", "uncertain").stdout
    for each in (
        letter["message_id"],
        "mailing 501, pipe 3",
        f"uncertain {time}",
        "uncertain: may have been sent",
    ):
        assert each in table
    assert max(map(len, table.splitlines())) <= int(columns)


def test_a_letter_is_shown_with_its_place_its_input_and_what_a_replay_would_do(filled: Scene) -> None:
    failed, uncertain = (json.loads(run(filled, "show", each).stdout) for each in ("1", "2"))
    assert failed["input"] == {"body": '{"to": "+44"}', "n": 7}
    assert failed["place"].splitlines()[0].endswith(": 500 answered 500")
    assert '"type": "http_request"' in failed["place"]
    assert failed["replay"].startswith("goes on at pipe 3 (http_request) of `message` with this input")
    assert "already" not in failed["replay"]
    assert "the service may have carried the request out already" in uncertain["replay"]
    callback = json.loads(run(filled, "show", "4").stdout)
    assert (callback["input"], callback["place"]) == (None, None)
    assert callback["replay"].startswith("begins anew")


def test_a_pipe_that_is_there_no_more_needs_the_start(scene: Scene) -> None:
    for each in scene.channel["pipelines"]["message"]:
        each["outs"] = {way: 33 if pipe == 3 else pipe for way, pipe in each.get("outs", {}).items()}
        each["id"] = 33 if each["id"] == 3 else each["id"]
    asyncio.run(fill(scene, [FAILED]))
    shown = json.loads(run(scene, "show", "1").stdout)
    assert shown["replay"] == "needs --from-start: the channel has no pipe 3 in `message` now"


def test_a_replayed_message_is_sent_by_the_next_send(filled: Scene) -> None:
    replayed = run(filled, "replay", "1", "3")
    assert (replayed.exit_code, listed(filled)) == (0, [2, 4])
    assert replayed.stdout == (
        "2 to be sent again; `akrun send` takes up those of mailing 501, or `akrun serve`\n"
    )
    again = run(filled, "replay", "1")
    assert (again.exit_code, again.stderr) == (
        1,
        "there is no dead letter 1; `akrun dead list` shows those there are\n",
    )


def test_what_is_uncertain_is_not_replayed_unasked(filled: Scene) -> None:
    no = run(filled, "replay", "1", "2", answer="n\n")
    assert no.exit_code == 1
    assert "The service may have got the request of 1 already; a replay sends it again." in no.stdout
    assert "Replay 2 dead letters?" in no.stdout
    assert listed(filled) == [1, 2, 3, 4]
    assert run(filled, "replay", "1", "2", answer="y\n").exit_code == 0
    assert listed(filled) == [3, 4]


def test_all_that_the_filters_leave(filled: Scene) -> None:
    assert run(filled, "replay", "--all", "--state", "uncertain", "--yes").exit_code == 0
    assert listed(filled) == [1, 3, 4]
    dropped = run(filled, "drop", "--all", "--mailing", "501")
    assert (dropped.exit_code, dropped.stdout, listed(filled)) == (0, "2 dropped\n", [4])
    assert run(filled, "replay", "4").stdout == "1 to be sent again; `akrun serve` takes them up\n"
    assert run(filled, "drop", "--all").stdout == "there are no such dead letters\n"


def test_many_are_not_touched_unasked(scene: Scene) -> None:
    scene.audience = rows([0] * 11)
    asyncio.run(fill(scene, [FAILED] * 11))
    no = run(scene, "drop", "--all", "--mailing", "501", answer="n\n")
    assert (no.exit_code, len(listed(scene))) == (1, 12)
    assert "Drop 11 dead letters? They cannot be replayed then." in no.stdout
    assert run(scene, "drop", "--all", "--yes").exit_code == 0
    assert listed(scene) == []


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize(
    "arguments", [(), ("1", "--all"), ("1", "--state", "failed"), ("--mailing", "501")], ids=" ".join
)
def test_letters_are_named_or_filtered(filled: Scene, command: str, arguments: tuple[str, ...]) -> None:
    wrong = run(filled, command, *arguments)
    assert (wrong.exit_code, len(listed(filled))) == (2, 4)


async def test_a_stopped_mailing_keeps_its_letters(scene: Scene) -> None:
    await fill(scene, [FAILED])
    async with Embedded(scene.data / "akrun.db") as backend:
        [launch] = await backend.launches(501)
        await backend.set_launch_state(launch.launch_id, LaunchState.STOPPED)
    refused = await akrun_dead(scene, "replay", "1")
    assert refused.code == 1
    assert refused.err.startswith("1: ")
    assert "stopped" in refused.err
    assert refused.out == ""


def test_what_failed_at_the_service_is_sent_when_it_is_well_again(scene: Scene) -> None:
    with serve_in_thread(Reply(503)) as server:
        scene.url = server.url
        assert scene.send().exit_code == 0
    assert listed(scene) == [1, 2, 3, 4, 5]
    assert run(scene, "replay", "--all").exit_code == 0
    with serve_in_thread(Reply(body=b'{"status": "accepted"}')) as server:
        scene.url = server.url
        report = json.loads(scene.send("--json").stdout)
        assert len(server.requests) == 5
    assert (report["state"], report["counts"]["done"], report["counts"]["failed"]) == ("finished", 5, 0)
    assert listed(scene) == []


async def test_a_serving_process_does_it_at_once(tmp_path: Path) -> None:
    channel = direct_channel()
    channel["pipelines"]["listener"][0]["outs"] = {"success": 3}
    channel["pipelines"]["listener"].append(step(3, "http_request", 2, url="$sender.url", method="GET"))
    channel["fields"]["sender"] = [[{"type": "string", "name": "url", "label": "URL"}]]
    broken = True

    def answer(_: Received) -> Reply:
        return Reply(500 if broken else 200)

    async with serve(handler=answer) as server:
        arguments = (write(tmp_path, "channel.json", channel), "--set", f"sender.url={server.url}")
        async with process(tmp_path, *arguments) as url, httpx.AsyncClient(trust_env=False) as client:
            for name in ("m-1", "m-2"):
                assert (await client.post(f"{url}/listen/chat", json={"id": name})).status_code == 200
            async with Embedded(tmp_path / "data" / "akrun.db", read_only=True) as backend:
                await until_async(backend, failed=2)
                broken = False
                replayed = await akrun(tmp_path, "dead", "replay", "1")
                assert (replayed.code, replayed.err) == (0, "")
                assert replayed.out == "1 to be sent again; the serving process takes them up now\n"
                await until_async(backend, failed=1)
                dropped = await akrun(tmp_path, "dead", "drop", "2", "2")
                assert (dropped.code, dropped.out) == (0, "1 dropped\n")
                assert await backend.dead_letters() == []
                assert [each.event_type for each in await backend.message_events("m-1")] == ["deliv"]


async def until_async(backend: Embedded, *, failed: int) -> None:
    """Wait until so many jobs have failed and none is left to do."""
    async with asyncio.timeout(120):
        while True:
            counts = await backend.job_counts()
            if (counts.failed, counts.pending, counts.in_progress) == (failed, 0, 0):
                return
            await asyncio.sleep(0.01)


async def akrun_dead(scene: Scene, *arguments: str) -> Ended:
    return await end(await begin("dead", *arguments, "--data", str(scene.data)))
