"""The gate: after a conflict processes take turns, so that one's whole batch goes through instead of none."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pymongo.errors import PyMongoError

from write_model.mongo.database import Database
from write_model.mongo.lease import Lease

_TURN_SECONDS: Final = 1.0
# The lease outlasts the turn by a slow batch.
_LEASE_SECONDS: Final = 2 * _TURN_SECONDS


class Gate:
    """One process's way to its turn. It orders who tries first; versions and indexes say who is right."""

    def __init__(self, database: Database, holder: str, *, jitter: Callable[[], float]) -> None:
        self._lease = Lease(database, "commit-gate", holder, seconds=_LEASE_SECONDS)
        self._jitter = jitter
        self._until = 0.0

    @property
    def is_entered(self) -> bool:
        """Whether it is this process's turn, as far as it knows."""
        return self._until > 0

    async def enter(self, deadline: float) -> None:
        """Wait for the turn, until the deadline (of the event loop's clock) at most."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline:
            if loop.time() < self._until or await self._lease.acquire():
                self._until = self._until or loop.time() + _TURN_SECONDS
                return
            await asyncio.sleep(0.005 + 0.02 * self._jitter())

    async def leave_in_time(self) -> None:
        """End the turn if it has lasted long enough: under load a turn is many batches."""
        if self.is_entered and asyncio.get_running_loop().time() > self._until:
            await self.leave()

    async def leave(self) -> None:
        """End the turn."""
        self._until = 0.0
        with suppress(PyMongoError):  # then the lease runs out
            await self._lease.release()
