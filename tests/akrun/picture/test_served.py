"""Counts of a process that serves."""

import pytest

from akrun.picture.served import NoCountsError, served_counts
from tests.akrun.http_server import Reply, serve_in_thread

METRICS = b"""\
# HELP akrun_pipe_events_total Events that left a pipe
# TYPE akrun_pipe_events_total counter
akrun_pipe_events_total{channel="shop",exit="success",pipe="1",pipeline="message",type="pack"} 12.0
akrun_pipe_events_total{channel="shop",exit="out 5",pipe="4",pipeline="message",type="selector"} 3.0
akrun_pipe_events_total{channel="other",exit="success",pipe="1",pipeline="message",type="pack"} 99.0
"""


def test_the_counts_of_one_channel() -> None:
    with serve_in_thread(Reply(body=METRICS)) as server:
        found = served_counts(f"{server.url}/", "t-1", "shop")
    assert found == {("message", 1, "success"): 12, ("message", 4, "out 5"): 3}
    (request,) = server.requests
    assert (request.target, request.headers["authorization"]) == ("/metrics", "Bearer t-1")


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=401), "a token with the scope `read`"),
        (Reply(status=404), "answered 404"),
        (Reply(body=b"<html>"), "did not answer with metrics of akrun"),
        (Reply(body=METRICS), "has counted nothing for the channel `quiet`"),
    ],
    ids=["no token", "no metrics", "something else", "nothing counted"],
)
def test_what_may_be_wrong(reply: Reply, message: str) -> None:
    with serve_in_thread(reply) as server, pytest.raises(NoCountsError, match=message):
        served_counts(server.url, None, "quiet")


def test_nobody_there() -> None:
    with pytest.raises(NoCountsError, match="cannot be asked"):
        served_counts("http://127.0.0.1:1", None, "shop")
