"""Whom a message belongs to, so that its events are known ones."""

from collections.abc import Iterable
from typing import NamedTuple

from akrun.backend.cluster import units
from akrun.backend.cluster.control_records import decode as decode_control
from akrun.backend.cluster.core import Core
from akrun.backend.cluster.launch_records import decode as decode_launch


class Owner(NamedTuple):
    """What an event is completed by; the mailing by its text."""

    profile_id: str | None
    mailing_id: str | None
    launch_id: str | None


class Owners(Core):
    """Finds them."""

    async def _owners(self, message_ids: Iterable[str]) -> dict[str, Owner]:
        """Of those that are known: messages of launches, then of control runs, then single messages."""
        names = sorted(set(message_ids))
        if not names:
            return {}
        subjects = self._subjects
        asked = [subjects.unit("message", name) for name in names]
        asked += [subjects.unit("job", name) for name in names]
        asked += [subjects.controls_of(name) for name in names]
        messages: dict[str, Owner] = {}
        singles: dict[str, Owner] = {}
        controls: dict[str, Owner] = {}
        controlled = f"{subjects.prefix}.control."
        for record in await self._many(asked):
            if record.subject.startswith(controlled):
                control = decode_control(record).control
                controls[control.message_id] = Owner(None, str(control.mailing_id), control.launch_id)
                continue
            unit = units.decode(record)
            if isinstance(unit, units.MessageUnit):
                mailing = await self._mailing_of(unit.launch_id)
                messages[unit.id] = Owner(unit.profile_id, mailing, unit.launch_id)
            elif unit.pipeline == "message":
                singles[unit.id] = Owner(unit.profile_id, None, None)
        return singles | controls | messages

    async def _mailing_of(self, launch_id: str) -> str | None:
        """The mailing of a launch, by its text; which never changes."""
        if launch_id not in self._mailing_of_launch:
            record = await self._last(self._subjects.find_launch(launch_id))
            if record is None:
                return None
            self._mailing_of_launch[launch_id] = str(decode_launch(record).mailing_id)
        return self._mailing_of_launch[launch_id]
