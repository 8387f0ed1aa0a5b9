"""Secrets of one message's subscription are masked like those of the mailing."""

from pathlib import Path

import orjson
import pytest

from akrun.engine.run import run
from akrun.mailing.job import Job, read_job
from tests.akrun.http_server import Reply, loopback_client, serve
from tests.akrun.pipes.bench import Bench, chain, pipe

LAUNCH = "0c9f4a52-2d7e-5b0a-8a55-6f8f7f6f3c21"


def job_of(folder: Path, url: str) -> Job:
    channel = {
        "name": "C", "id": 7, "string_id": "c", "communication": "direct",
        "fields": {
            "sender": [{"type": "string", "name": "key", "secret": True}],
            "subscription": [{"type": "string", "name": "token", "secret": True, "required": True}],
        },
        "pipelines": {"message": chain(
            pipe("pack", template={"token": "$subscription.token"}),
            pipe("log", message="sending to $subscription.token with $sender.key"),
            pipe("http_request", url=url, method="POST", content_type="json"),
        )},
    }  # fmt: skip
    mailing = {"id": 1, "name": "M", "sender": {"key": "key-4711"}, "audience": "audience.jsonl"}
    (folder / "channel.json").write_bytes(orjson.dumps(channel))
    (folder / "mailing.json").write_bytes(orjson.dumps(mailing))
    (folder / "audience.jsonl").write_text('{"profile": {"id": 1}, "subscription": {"token": "t-99887"}}\n')
    return read_job(folder / "channel.json", folder / "mailing.json")


async def test_nothing_shows_them(tmp_path: Path) -> None:
    async with serve(Reply(status=500, body=b"unknown token t-99887")) as server, loopback_client() as client:
        job = job_of(tmp_path, server.url)
        bench = Bench(http=client, masker=job.masker)
        row = {"profile": {"id": 1}, "subscription": {"token": "t-99887"}}
        event, trace = job.traced_event(LAUNCH, "1", row, bench.services)
        result = await run(job.compiled.pipeline("message", job.constants), event)
    assert result.state == "failed"
    assert server.requests[0].body == b'{"token":"t-99887"}'
    assert bench.logged[0].message == "sending to *** with ***"
    dead = event.entered_state(result.pipe)
    for shown in (repr(trace), str(result.error), dead.decode(), repr(job), repr(job.mailing)):
        assert "t-99887" not in shown
        assert "key-4711" not in shown


@pytest.mark.parametrize("row", [{"subscription": {}}, {"subscription": {"token": None}}, {}])
def test_a_row_without_secrets_keeps_the_services(tmp_path: Path, row: dict[str, object]) -> None:
    job = job_of(tmp_path, "http://127.0.0.1:1")
    services = Bench(masker=job.masker).services
    assert job.compiled.secrets_of(row) == {}
    assert services.masking(job.compiled.secrets_of(row)).masker is services.masker
