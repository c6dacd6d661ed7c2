"""The bound on the queue: how many commands wait for a worker, as MongoDB counted them a moment ago."""

import asyncio
import logging
from typing import Final

from pymongo.errors import PyMongoError

from write_model.mongo.database import Database
from write_model.queue.document import NO_TURN, QUEUED_COMMANDS, TURN
from write_model.rejection import Busy

LOOK_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Backlog:
    """Counted at most once a second, with what this process has let in since: a bound that others overshoot by as much
    as they let in meanwhile."""

    def __init__(self, database: Database, limit: int) -> None:
        self._commands = database[QUEUED_COMMANDS.collection]
        self._limit = limit
        self._counted = 0
        self._let_in = 0
        self._look_at = 0.0
        self._looking: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Busy unless another command may wait. Nobody waits for the count: commands keep their order."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._looking = asyncio.create_task(self._look())
        if self._counted + self._let_in >= self._limit:
            raise Busy("Too many queued commands are waiting for a worker, send it again later.")
        self._let_in += 1

    async def count(self) -> int:
        """How many wait, up to the limit."""
        return await self._commands.count_documents({TURN: {"$gt": NO_TURN}}, limit=self._limit)

    async def _look(self) -> None:
        before = self._let_in
        try:
            self._counted = await self.count()
        except PyMongoError as error:
            _log.warning("the queue could not be counted: %s", error)
        else:
            self._let_in -= before
