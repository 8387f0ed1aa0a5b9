"""Reports kept quick: what they are made of is brought up to the present all the time."""

from akrun.backend import Backend, BackendError
from akrun.engine.clock import Clock
from akrun.engine.log import LogSink, server_record


async def keep_quick(backend: Backend, clock: Clock, log: LogSink, period: float) -> None:
    """Do so once in each period, until it is cancelled.

    A database for reports that is out of reach is no reason to end: it is tried again. The log says when
    that begins, and when it is over.

    Args:
        backend: Where the events are.
        clock: The time.
        log: Where it is said.
        period: Seconds.
    """
    fails = False
    while True:
        try:
            await backend.fill_reports()
        except BackendError as error:
            if not fails:
                text = f"events wait until they can be stored for reports: {error}"
                log(server_record(text, clock.now().timestamp(), "warn"))
            fails = True
        else:
            if fails:
                log(server_record("events are stored for reports again", clock.now().timestamp()))
            fails = False
        await clock.sleep(period)
