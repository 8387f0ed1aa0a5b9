"""Queues of the cluster backend: what is asked of the servers is asked again where they do not answer."""

import pytest
from nats.errors import TimeoutError as NoAnswerError

from akrun.backend import LaunchState
from akrun.backend.cluster import Cluster
from tests.contract.scene import DONE, sending


async def test_a_queue_is_removed_once_the_servers_answer_again(
    backend: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sending(backend, 1)
    [message] = await backend.lease("L", 1)
    await backend.finish(message.id, DONE)
    consumer = backend._consumer_of("message", "L")
    remove, asked = consumer._js.delete_consumer, 0

    async def hanging(stream: str, name: str) -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise NoAnswerError
        return await remove(stream, name)

    monkeypatch.setattr(consumer._js, "delete_consumer", hanging)
    launch = await backend.set_launch_state("L", LaunchState.FINISHED)
    assert launch.state is LaunchState.FINISHED
    assert asked == 2
    assert await backend._js.consumers_info(backend._stream) == []
