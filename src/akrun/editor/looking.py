"""Looking at files in a process of its own, so that answers never wait for it."""

import asyncio
import logging
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, TypeAlias

from akrun.editor.diagnostics import check
from akrun.editor.documents import Document
from akrun.editor.snapshot import Snapshot
from akrun.editor.types import Types
from akrun.lint import Finding

Found: TypeAlias = tuple[Finding, ...] | Types
"""What takes long to find: what is wrong with a text, and the types of its data."""

_LENGTH = 8
_log = logging.getLogger(__name__)


def read(document: Document) -> Snapshot | None:
    """The values of a text, and what they name; None for one that cannot be read."""
    snapshot = Snapshot.of(document.text, document.name, is_json=document.is_json)
    if snapshot is not None:
        snapshot.prepare()
    return snapshot


def examine(document: Document) -> Iterator[Found]:
    """The findings, and the types if there are any."""
    snapshot = Snapshot.of(document.text, document.name, is_json=document.is_json)
    subject = None
    try:
        findings, subject = check(replace(document, snapshot=snapshot))
        yield findings
    except Exception:  # noqa: BLE001 - a fault of ours must not end the editing of a file
        _log.exception("%s could not be checked", document.name)
        yield ()
    types = None
    try:
        if subject is not None:
            types = Types.of_subject(subject)
        elif snapshot is not None and snapshot.is_channel:
            types = Types.of(snapshot.located)
    except Exception:  # noqa: BLE001 - as above
        _log.exception("%s could not be followed", document.name)
    if types is not None:
        yield types


class Looker:
    """A process that examines one text after the other; it ends when this one does, however that ends."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def look(self, document: Document, learn: Callable[[Found], None]) -> None:
        """Tell what `examine` finds: nothing if the process has died, and the next text gets a new one."""
        asked = pickle.dumps(document.bare)
        async with self._one_at_a_time:
            process = await self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(len(asked).to_bytes(_LENGTH) + asked)
                await process.stdin.drain()
                while length := int.from_bytes(await process.stdout.readexactly(_LENGTH)):
                    learn(await asyncio.to_thread(pickle.loads, await process.stdout.readexactly(length)))
            except (OSError, asyncio.IncompleteReadError):
                _log.warning("the process that looks at files has ended")
                self._process = None
                learn(())

    async def close(self) -> None:
        """End the process; another text would begin a new one."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = (sys.executable, "-m", "akrun.editor.looking")
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        return self._process


def _serve(given: BinaryIO, answers: BinaryIO) -> None:
    """Examine what comes, until nothing more can come; an answer of no length ends those to one text."""
    while head := given.read(_LENGTH):
        length = int.from_bytes(head)
        asked = given.read(length)
        if len(asked) < length:  # the server has gone in the middle of it
            return
        document: Document = pickle.loads(asked)  # noqa: S301 - from our own process
        for found in examine(document):
            answer = pickle.dumps(found)
            answers.write(len(answer).to_bytes(_LENGTH) + answer)
            answers.flush()
        answers.write(bytes(_LENGTH))
        answers.flush()


if __name__ == "__main__":
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:  # the server has gone; what is left in the buffer must not fail again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
