"""One run of a mailing before a person: its progress, and what their interrupts do."""

import asyncio
import signal
from contextlib import suppress

from rich.console import Console

from akrun.cli.progress import show_progress
from akrun.mailing.run import End, MailingRun

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def run_with_progress(run: MailingRun, title: str, console: Console, grace_period: float) -> End:
    """Run with a progress display.

    The first interrupt (SIGINT or SIGTERM) stops intake and gives messages under way the grace period; what
    is not at its end by then, or at the second interrupt, is broken off and sent again by the next run.

    Args:
        run: The run.
        title: Of the display.
        console: Where the display goes.
        grace_period: Seconds.
    """
    sending = asyncio.ensure_future(run.run())
    ended = asyncio.Event()
    display = asyncio.ensure_future(show_progress(run, title, console, ended))
    interrupts = _Interrupts(run, sending, console, grace_period)
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupts.interrupt)
    try:
        return await sending
    except asyncio.CancelledError:
        if not interrupts.broken_off:
            raise
        return End.INTERRUPTED
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        interrupts.forget()
        ended.set()
        with suppress(OSError):  # the terminal may be gone; what was sent is recorded all the same
            await display


class _Interrupts:
    """Counts interrupts of a run and acts on them."""

    def __init__(
        self, run: MailingRun, sending: asyncio.Future[End], console: Console, grace_period: float
    ) -> None:
        self.broken_off = False
        self._run = run
        self._sending = sending
        self._console = console
        self._grace_period = grace_period
        self._timer: asyncio.TimerHandle | None = None

    def interrupt(self) -> None:
        """Stop intake; the second time, stop everything."""
        if self._timer is not None:
            self._break_off()
            return
        self._run.stop()
        self._timer = asyncio.get_running_loop().call_later(self._grace_period, self._break_off)
        with suppress(OSError):
            self._console.print(
                f"interrupted: {self._run.under_way:,} messages under way have {self._grace_period:g} s; "
                "a second interrupt breaks them off",
                style="yellow",
                highlight=False,
            )

    def forget(self) -> None:
        """No longer wait for the end of the grace period."""
        if self._timer is not None:
            self._timer.cancel()

    def _break_off(self) -> None:
        if not self.broken_off:
            self.broken_off = True
            self._sending.cancel()
