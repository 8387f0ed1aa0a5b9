"""Looking at a backend again and again, beside the processes that work on it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from akrun.backend import (
    Backend,
    Control,
    ControlKind,
    ControlState,
    Counts,
    JobCounts,
    Launch,
    LaunchState,
    Member,
)
from akrun.backend.launch_states import ENDS
from akrun.cli.progress import RateMeter, settled
from akrun.engine.clock import Clock
from akrun.top.failures import Latest, by_cause
from akrun.top.served import Served
from akrun.top.snapshot import Breaker, MailingLine, Process, Snapshot

ENDED_SHOWN: Final = 5
"""Mailings at their end that are shown, the latest ones."""

_ORDER: Final = (LaunchState.SENDING, LaunchState.PAUSED, LaunchState.READY, LaunchState.LOADING)


class Watch:
    """Looks at a backend; rates are told by how it was before.

    Args:
        backend: Open, for reading.
        place: The database or the servers, for people.
        clock: The time.
        serving: Asks the one process of a backend that is not shared; gives None if there is none.
    """

    def __init__(
        self,
        backend: Backend,
        place: str,
        clock: Clock,
        serving: Callable[[], Awaitable[Served | None]],
    ) -> None:
        self._backend = backend
        self._place = place
        self._clock = clock
        self._serving = serving
        self._latest = Latest(backend)
        self._meters: dict[str, RateMeter] = {}  # by launch
        self._jobs = RateMeter()

    async def look(self) -> Snapshot:
        """How everything is now.

        Raises:
            BackendError: It cannot be read.
        """
        mailings = tuple(await self._mailings())
        jobs = await self._backend.job_counts()
        job_rate = self._rate(self._jobs, jobs.done + jobs.failed + jobs.uncertain)
        if self._backend.shared:
            members = await self._backend.members()
            processes = tuple(map(_process, members))
            breakers = [each for member in members for each in member.said.breakers]
        else:
            served = await self._serving()
            alone = sum((each.rate for each in mailings), job_rate)
            processes = () if served is None else (_only(served, mailings, jobs, alone),)
            breakers = [] if served is None else list(served.breakers)
        return Snapshot(
            time=self._clock.now().timestamp(),
            place=self._place,
            shared=self._backend.shared,
            mailings=mailings,
            processes=processes,
            jobs=jobs,
            job_rate=job_rate,
            dead_letters=await self._backend.count_dead_letters(),
            failures=by_cause(await self._latest.look()),
            breakers=_open(breakers),
        )

    async def _mailings(self) -> list[MailingLine]:
        """Those under way by state, those in moderation, and those that ended last."""
        found = {
            each.launch_id: each for state in LaunchState for each in await self._backend.launches_in(state)
        }
        controls = await self._backend.controls(state=ControlState.OPEN)
        stopping = {each.launch_id for each in controls if each.kind is ControlKind.STOP}
        launches = _shown(found.values())
        self._meters = {each.launch_id: self._meters.get(each.launch_id, RateMeter()) for each in launches}
        active = [each for each in launches if each.state not in ENDS]
        ended = [each for each in launches if each.state in ENDS]
        lines = [await self._launch(each, stopping) for each in active]
        lines += [await self._moderated(each) for each in controls if each.kind is ControlKind.MODERATE]
        return lines + [await self._launch(each, stopping) for each in ended]

    async def _launch(self, launch: Launch, stopping: set[str]) -> MailingLine:
        counts = await self._backend.counts(launch.launch_id)
        rate = self._rate(self._meters[launch.launch_id], settled(counts))
        state = (
            "stopping" if launch.launch_id in stopping and launch.state not in ENDS else launch.state.value
        )
        return await self._line(launch.mailing_id, state, counts, rate)

    async def _moderated(self, control: Control) -> MailingLine:
        return await self._line(control.mailing_id, "moderating", None, 0.0)

    async def _line(
        self, mailing_id: int | str, state: str, counts: Counts | None, rate: float
    ) -> MailingLine:
        mailing = await self._backend.mailing(mailing_id)
        name, channel = ("", "") if mailing is None else (mailing.name, mailing.channel)
        return MailingLine(mailing_id, name, channel, state, counts, rate)

    def _rate(self, meter: RateMeter, number: int) -> float:
        meter.update(self._clock.monotonic(), number)
        return max(meter.rate, 0.0)  # a replay takes outcomes back


def _shown(launches: Iterable[Launch]) -> list[Launch]:
    """Those under way by state, then of the other mailings the latest launches that ended last."""
    active = [each for each in launches if each.state not in ENDS]
    active.sort(key=lambda launch: (_ORDER.index(launch.state), launch.created))
    under_way = {str(each.mailing_id) for each in active}
    latest: dict[str, Launch] = {}
    for each in sorted(launches, key=lambda launch: launch.created):
        if each.state in ENDS and str(each.mailing_id) not in under_way:
            latest[str(each.mailing_id)] = each
    ended = sorted(latest.values(), key=lambda launch: launch.finished or 0.0, reverse=True)
    return active + ended[:ENDED_SHOWN]


def _process(member: Member) -> Process:
    said = member.said
    return Process(said.kind, said.host, said.pid, said.since, member.under_way, member.settled, member.rate)


def _only(served: Served, mailings: Iterable[MailingLine], jobs: JobCounts, rate: float) -> Process:
    """A process that is alone: everything under way is with it."""
    under_way = sum(each.counts.in_progress for each in mailings if each.counts is not None)
    return Process("serve", served.host, served.pid, served.since, under_way + jobs.in_progress, None, rate)


def _open(breakers: Iterable[Mapping[str, Any]]) -> tuple[Breaker, ...]:
    """Those that are not closed, of all processes together."""
    waiting: dict[str, list[int]] = {}
    for each in breakers:
        if each["state"] != "closed":
            waiting.setdefault(each["origin"], []).append(each["waiting"])
    return tuple(Breaker(origin, len(each), sum(each)) for origin, each in sorted(waiting.items()))
