"""Signed callbacks: what the demo gateway has to tell goes out until it is taken."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import orjson

CALLBACK_KEY: Final = "demo-callback-key"
TRIES: Final = 12
_LONGEST_WAIT: Final = 2.0


def sign(key: str, stamp: str, body: bytes) -> str:
    """What `X-Signature` holds: HMAC-SHA256 of the time, a full stop and the body."""
    return "sha256=" + hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Callbacks:
    """Posts JSON to callback addresses, at most so many at once; each goes out until it gets a 2xx.

    Args:
        key: Signs the bodies.
        delay: Seconds before the first try.
    """

    def __init__(self, key: str = CALLBACK_KEY, delay: float = 0.2) -> None:
        self._key = key
        self._delay = delay
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(32)
        self._client = httpx.AsyncClient(timeout=5.0, trust_env=False)
        self.taken = 0
        """Callbacks that were answered 2xx."""
        self.repeated = 0
        """Tries that had to be made again."""

    def tell(self, url: str, content: Mapping[str, Any], taken: Callable[[], None]) -> None:
        """Post `content` to `url` soon, and call `taken` when it was."""
        task = asyncio.create_task(self._deliver(url, orjson.dumps(content), taken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Give up what is not told yet."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _deliver(self, url: str, body: bytes, taken: Callable[[], None]) -> None:
        wait = self._delay
        for _ in range(TRIES):
            await asyncio.sleep(wait)
            if await self._post(url, body):
                self.taken += 1
                taken()
                return
            self.repeated += 1
            wait = min(max(2 * wait, 0.1), _LONGEST_WAIT)

    async def _post(self, url: str, body: bytes) -> bool:
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": stamp,
            "X-Signature": sign(self._key, stamp, body),
        }
        try:
            async with self._room:
                response = await self._client.post(url, content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return response.is_success
