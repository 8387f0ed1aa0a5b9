"""Calls that block, made so that nobody has to wait for their end."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of a call made in a thread that does not keep the process alive.

    When the caller is cancelled the thread goes on, and what it gives is lost: a call into a dead file system
    or a resolver that does not answer cannot be ended.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[R] = loop.create_future()

    def settle(setting: Callable[[], None]) -> None:
        if not future.done():
            setting()

    def work() -> None:
        try:
            setting = partial(future.set_result, function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            setting = partial(future.set_exception, error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, setting)

    Thread(target=work, daemon=True).start()
    return await future
