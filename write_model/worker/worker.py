"""Runs what is in the queue, in the order in which it was taken.

A round is the front of the queue, sent to the commit in order, where it becomes one transaction; the next round starts
when all of it is settled. So no command overtakes another that was taken before it, whatever they are about, and a
lost connection or a killed worker leaves the queue as it was or shorter. Any number may run: a lease decides who works,
the version of a command's document who is right.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from write_model.mongo.database import Database, Document
from write_model.mongo.lease import Lease
from write_model.queue.document import NO_TURN, QUEUED_COMMANDS, TURN
from write_model.queue.queued_command import AlreadySettled, QueuedCommand
from write_model.rejection import TooManyConflicts, Unavailable
from write_model.startup import WriteModel, rest

LEASE_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 0.05
"""Between two looks at a queue that was empty."""
STANDBY_SECONDS: Final = 0.5
"""Between two looks at another's lease, and how often ours is renewed."""
SECOND_TRY_SECONDS: Final = 10.0
"""After which a command on which the program itself failed has another try; the others go on without it."""

_log = logging.getLogger(__name__)


class Worker:
    """One worker; `batch` is how many commands one transaction may hold."""

    def __init__(self, write_model: WriteModel, database: Database, *, holder: str, batch: int) -> None:
        self._write_model = write_model
        # What is seen is the queue of one moment: of two commands never the later one alone.
        self._queue = database.with_options(read_concern=ReadConcern("snapshot"))[QUEUED_COMMANDS.collection]
        self._lease = Lease(database, "worker", holder, seconds=LEASE_SECONDS)
        self._batch = batch
        self._renewed_at: float | None = None
        self._failed: dict[str, float] = {}
        """Commands on which the program failed, with the time of their next try."""

    @property
    def is_leading(self) -> bool:
        """Whether it is this worker that works: never said by two at once."""
        return self._lease.is_held

    async def run(self, stopping: asyncio.Event) -> None:
        """Round after round until `stopping`; an outage is waited out, with every command in its place."""
        try:
            while not stopping.is_set():
                try:
                    pause = await self._turn()
                except (PyMongoError, Unavailable, TooManyConflicts) as error:
                    _log.warning("the queue waits: %s", error)
                    pause = STANDBY_SECONDS
                await rest(pause, stopping)
        finally:
            with suppress(PyMongoError):  # it runs out
                await self._lease.release()

    async def _turn(self) -> float:
        """A round, if it is ours to work; answers how long to wait before the next."""
        now = asyncio.get_running_loop().time()
        if self._renewed_at is None or now - self._renewed_at > STANDBY_SECONDS:
            self._renewed_at = now if await self._lease.acquire() else None
        if self._renewed_at is None:
            return STANDBY_SECONDS
        return 0.0 if await self.round() else PAUSE_SECONDS

    async def round(self) -> int:
        """Run the front of the queue; answers how many commands that was.

        Raises PyMongoError, Unavailable or TooManyConflicts where some of them wait as they did.
        """
        now = asyncio.get_running_loop().time()
        self._failed = {id: again for id, again in self._failed.items() if again > now}
        waiting = {TURN: {"$gt": NO_TURN}, "_id": {"$nin": list(self._failed)}}
        documents = await self._queue.find(waiting).sort(TURN, 1).limit(self._batch).to_list(None)
        commands = [command for document in documents if (command := self._read(document))]
        failed = await self._run(commands)
        if len(failed) > 1:
            # One of them may have failed the whole transaction: alone it fails itself only, and nobody is overtaken.
            suspects, failed = [command for command in commands if command.id in failed], {}
            for suspect in suspects:
                failed |= await self._run([suspect])
        for id, error in failed.items():
            self._give_up_for_now(id, error)
        return len(documents)

    async def _run(self, commands: Sequence[QueuedCommand]) -> dict[str, BaseException]:
        """Run them as one transaction, or as few as they fit in; answers those on which the program failed."""
        # Tasks begin in the order in which they are made, and so the commands wait for the commit in theirs.
        outcomes = await asyncio.gather(*map(self._write_model.run, commands), return_exceptions=True)
        failed: dict[str, BaseException] = {}
        still_waiting: BaseException | None = None
        for command, outcome in zip(commands, outcomes, strict=True):
            match outcome:
                case Unavailable() | TooManyConflicts():
                    still_waiting = outcome
                case AlreadySettled():
                    pass
                case BaseException():
                    failed[command.id] = outcome
        if still_waiting:
            raise still_waiting
        return failed

    def _read(self, document: Document) -> QueuedCommand | None:
        try:
            return QUEUED_COMMANDS.from_document(document)
        except Exception as error:  # a newer program wrote it, say
            self._give_up_for_now(document["_id"], error)
            return None

    def _give_up_for_now(self, id: str, error: BaseException) -> None:
        _log.error("%s stays in the queue", id, exc_info=error)
        self._failed[id] = asyncio.get_running_loop().time() + SECOND_TRY_SECONDS
