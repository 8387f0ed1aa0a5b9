"""The contract of `Store`."""

import asyncio

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from akrun.backend import RecordError
from tests.contract.machine import Machine

store_keys = st.sampled_from([("", "a"), ("t", "a"), ("t", "\x00")])


class StoreRules(Machine):
    """A few tables and keys, and every call there is for them."""

    @rule(key=store_keys, value=st.binary(max_size=4), ttl=st.sampled_from([1.0, 2.0, 3.0, 20.0]))
    def store_set(self, key: tuple[str, str], value: bytes, ttl: float) -> None:
        self.run(self.backend.store_set(*key, value, ttl))
        self.values[key] = (value, self.now + ttl)

    @rule(key=store_keys, ttl=st.sampled_from([1, 2]), early=st.booleans())
    def wait_for_the_end_of_its_time(self, key: tuple[str, str], ttl: int, *, early: bool) -> None:
        self.store_set(key, b"v", float(ttl))
        self.time_goes_on(ttl - early)
        self.store_get(key, delete=False)

    @rule(key=store_keys, ttl=st.sampled_from([0.0, -1.0, float("nan"), float("inf")]))
    def store_set_for_no_time(self, key: tuple[str, str], ttl: float) -> None:
        with pytest.raises(RecordError):
            self.run(self.backend.store_set(*key, b"v", ttl))

    @rule(key=store_keys, delete=st.booleans())
    def store_get(self, key: tuple[str, str], *, delete: bool) -> None:
        assert self.run(self.backend.store_get(*key, delete=delete)) == self._value(key)
        if delete:
            self.values.pop(key, None)

    def _value(self, key: tuple[str, str]) -> bytes | None:
        value, expires = self.values.get(key, (None, 0.0))
        return value if expires > self.now else None

    @rule(key=store_keys)
    def take_at_once(self, key: tuple[str, str]) -> None:
        """Of several that take one value exactly one gets it."""

        async def race() -> list[bytes | None]:
            takes = (self.backend.store_get(*key, delete=True) for _ in range(3))
            return await asyncio.gather(*takes)

        got = self.run(race())
        value = self._value(key)
        assert [each for each in got if each is not None] == ([] if value is None else [value])
        self.values.pop(key, None)

    @rule()
    def store_purge(self) -> None:
        """It counts what has expired and was not let go of before; live values stay."""
        expired = [key for key in self.values if self._value(key) is None]
        assert self.run(self.backend.store_purge(self.now)) <= len(expired)
        for key in expired:
            del self.values[key]
        assert self.run(self.backend.store_purge(self.now)) == 0
