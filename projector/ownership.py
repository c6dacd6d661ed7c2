"""Ownership: the projectors alive share the partitions evenly, and each works on its own.

The lease decides who works, so that work is not done twice; the checkpoint decides who is right.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from projector.leases import Leases
from projector.reaching import Unavailable

log = logging.getLogger(__name__)

RENEWAL_SECONDS: Final = 1.0
"""A third of a lease's expiry: two renewals may fail."""


def share(alive: Sequence[str], name: str, partitions: int) -> set[int]:
    """The partitions that fall to `name`: dealt out in turn, so that nobody has more than one above another."""
    return set(range(alive.index(name), partitions, len(alive)))


class WrongPartitions(Exception):
    """The streams have another number of partitions than we were told; nothing can be projected."""


class Work(Protocol):
    """The work on one partition: `run` ends with an error, or soon after `stop`."""

    async def run(self) -> None: ...
    def stop(self) -> None: ...


class Ownership:
    """Keeps the work running on every partition that is this projector's."""

    def __init__(self, leases: Leases, partitions: int, work_of: Callable[[int], Work]) -> None:
        self._leases = leases
        self._partitions = partitions
        self._work_of = work_of
        self._working: dict[int, tuple[Work, asyncio.Task[None]]] = {}

    @property
    def owned(self) -> set[int]:
        """The partitions worked on here."""
        return set(self._working)

    async def run(self, stopping: asyncio.Event) -> None:
        """Share until `stopping`, then finish the steps in flight and give everything back.

        Work that fails, which an outage of Redis does not make it do, ends this with its error.
        """
        reachable = True
        try:
            while not stopping.is_set():
                try:
                    await self.renew()
                except Unavailable as error:
                    if reachable:
                        log.warning("leases: waiting for Redis (%s)", error)
                    reachable = False
                else:
                    reachable = True
                await self._until_renewal(stopping)
        finally:
            await self.give_back()

    async def renew(self) -> None:
        """Say that we are alive, leave what falls to others, take or renew what falls to us and is free."""
        there_are = await self._leases.partitions()
        if there_are not in (None, self._partitions):
            raise WrongPartitions(f"PARTITIONS is {self._partitions}, but the streams have {there_are}: set it so")
        mine = share(await self._leases.sign_in(), self._leases.name, self._partitions)
        await self._leave(self.owned - mine)
        claims = await asyncio.gather(*(self._leases.claim(partition) for partition in mine))
        claimed = {partition for partition, ours in zip(mine, claims, strict=True) if ours}
        await self._stop(self.owned - claimed)
        for partition in claimed - self.owned:
            work = self._work_of(partition)
            task = asyncio.create_task(work.run(), name=f"partition {partition}")
            self._working[partition] = work, task
            log.info("partition %d: ours", partition)

    async def give_back(self) -> None:
        """Stop all work and free what we hold, at once rather than when it expires."""
        try:
            await self._leave(self.owned)
            await self._leases.sign_out()
        except Unavailable as error:
            log.warning("leases are left to expire (%s)", error)

    async def _until_renewal(self, stopping: asyncio.Event) -> None:
        stop = asyncio.create_task(stopping.wait())
        tasks = {task for _, task in self._working.values()}
        try:
            await asyncio.wait({stop, *tasks}, timeout=RENEWAL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        for task in tasks:
            if task.done():
                task.result()

    async def _leave(self, partitions: Iterable[int]) -> None:
        left = set(partitions)
        await self._stop(left)
        await asyncio.gather(*(self._leases.release(partition) for partition in left))

    async def _stop(self, partitions: Iterable[int]) -> None:
        left = {partition: self._working.pop(partition) for partition in partitions}
        for partition, (work, _) in left.items():
            work.stop()
            log.info("partition %d: no longer ours", partition)
        ends = await asyncio.gather(*(task for _, task in left.values()), return_exceptions=True)
        for partition, end in zip(left, ends, strict=True):
            if isinstance(end, Exception):
                log.error("partition %d: its work failed", partition, exc_info=end)
