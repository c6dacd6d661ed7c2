"""The relay: follows the journal and publishes every committed event to its partition's stream, in commit order.

A lease decides which relay works, the publish script decides who is right: two at once do no harm.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from typing import Final

from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from telemetry import tracing
from write_model.contracts.streams import Position
from write_model.metrics import Publication
from write_model.mongo.database import Client, Database
from write_model.mongo.discarded import discarded_ids, discarded_places
from write_model.mongo.lease import Lease
from write_model.relay import changes, segments
from write_model.relay.changes import Change, HistoryLost
from write_model.relay.publisher import WATERMARK_FIELDS, Entry, Publisher, Rollback
from write_model.relay.replay import entry_of, reconcile, refill
from write_model.relay.replayer import Replayer
from write_model.relay.segments import Overtaken, Recorded
from write_model.settings import RelaySettings
from write_model.startup import rest

HEARTBEAT_SECONDS: Final = 0.25
LEASE_SECONDS: Final = 3.0
_RENEWAL_SECONDS: Final = 1.0
_TRIM_SECONDS: Final = 5.0
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_UNRECORDED: Final = 50_000

_log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another relay works now."""


class _Stopped(Exception):
    """Told to stop, and between two steps."""


class Relay:
    """One candidate for the work."""

    def __init__(
        self, client: Client, database: Database, redis: Redis, settings: RelaySettings, *, holder: str,
        jitter: Callable[[], float],
    ) -> None:  # fmt: skip
        self._client = client
        self._database = database
        self._settings = settings
        self._holder = holder
        self._jitter = jitter
        self._lease = Lease(database, "relay", holder, seconds=LEASE_SECONDS)
        self._publisher = Publisher(redis, settings.partitions)
        self._replayer = Replayer(database, redis, settings.partitions)
        self._recorded: Position | None = None
        self._published: Position | None = None
        self._unrecorded: list[Recorded] = []
        self._discarded: Set[str] = frozenset()
        self._room = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._recording = asyncio.Lock()
        self._pause = _SHORTEST_PAUSE
        self._is_working = False
        self._in_hand = self._events = self._pauses = 0

    @property
    def publication(self) -> Publication:
        """How far it is."""
        is_ours = self._is_working and self._lease.is_held
        return Publication(
            is_ours=is_ours,
            events=self._events,
            unpublished=self._in_hand if is_ours else 0,
            unrecorded=len(self._unrecorded),
            pauses=self._pauses,
            position=self._published,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Work whenever the lease can be had, until `stopping`; after a failure look at everything afresh and go on."""
        try:
            while not stopping.is_set():
                pause = _RENEWAL_SECONDS
                try:
                    if await self._lease.acquire():
                        await self._work(stopping)
                except* _Stopped:
                    _log.info("this relay publishes no more")
                except* (PyMongoError, RedisError, TimeoutError, Rollback, LeaseLost, Overtaken) as group:
                    self._is_working = False
                    pause, self._pause = self._pause, min(_LONGEST_PAUSE, 2 * self._pause)
                    _log.warning("publication pauses for %.1f s: %r", pause, _first(group))
                    self._pauses += 1
                await rest(pause * (0.5 + self._jitter()), stopping)
        finally:
            with suppress(PyMongoError):
                await self._lease.release()

    async def _work(self, stopping: asyncio.Event) -> None:
        """Publish until told to stop, or until something fails; ends by an exception group."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end(stopping))
            tasks.create_task(self._keep_lease())
            start = await self._catch_up()
            _log.info("this relay publishes")
            tasks.create_task(self._follow(start))
            tasks.create_task(self._beat())
            tasks.create_task(self._trim())
            tasks.create_task(self._replayer.run())

    async def _end(self, stopping: asyncio.Event) -> None:
        """End the work when told to, once what is being published and recorded has been."""
        await stopping.wait()
        async with self._publishing, self._recording:
            raise _Stopped

    async def _catch_up(self) -> Position:
        """Bring every stream up to what is recorded; answers where to follow from."""
        self._unrecorded = []
        await self._publisher.open()
        self._is_working = True  # both stores answer
        # What is given up from here on was published before; should Redis lose it, we come here again.
        self._discarded = await discarded_ids(self._database)
        self._recorded = await segments.last_recorded(self._database)
        if self._recorded:
            refilled = await refill(self._database, self._publisher)
            if refilled:
                _log.warning("refilled the streams with %d events", refilled)
            await self._publisher.give_up(await discarded_places(self._database))
        self._published = self._recorded or await self._reconcile()
        return self._published

    async def _reconcile(self) -> Position:
        self._recorded = await reconcile(
            self._client, self._database, self._publisher, self._recorded, self._holder
        )  # fmt: skip
        return self._recorded

    async def _follow(self, start: Position) -> None:
        while True:
            try:
                async for batch in changes.follow(self._client, self._database, start):
                    # What has the start's own cluster time comes again; it is published and recorded.
                    await self._publish([change for change in batch if change.position > start])
            except HistoryLost:
                _log.warning("the oplog does not reach back to %s: publishing from the journal", start)
                async with self._recording:
                    start = self._published = await self._reconcile()

    async def _publish(self, batch: Sequence[Change]) -> None:
        if not batch:
            return
        watermarks = [change.position for change in batch if change.document is None]
        entries = []
        for position, document in ((change.position, change.document) for change in batch):
            if document is not None:
                entries.append(entry_of(position, document, self._settings.partitions, self._discarded))
            elif position == watermarks[-1]:  # the earlier ones say nothing that this one does not
                entries.append(Entry(position, None, WATERMARK_FIELDS))
        events = [change.document for change in batch if change.document is not None]
        self._in_hand, since = len(events), tracing.now()
        async with self._publishing:
            await self._publisher.publish(entries)
            self._events, self._in_hand = self._events + len(events), 0
            self._pause = _SHORTEST_PAUSE
            recorded = self._recorded
            self._unrecorded += [
                (change.position, change.document["_id"])
                for change in batch
                if change.document is not None and (recorded is None or change.position > recorded)
            ]
            self._published = max(self._published or batch[-1].position, batch[-1].position)
        traces = tracing.sampled(event["trace"] for event in events)
        tracing.record("publish", traces, since, {"orderstream.events": len(events)}, "producer")
        if len(self._unrecorded) > _UNRECORDED:
            self._room.clear()  # MongoDB is slower than Redis: wait for the next record
            await self._room.wait()

    async def _beat(self) -> None:
        """Record what was published, then say so in a heartbeat, which comes back as a watermark."""
        while True:
            async with self._recording:  # a reconciliation moves W itself, and must not see it moved back
                events, published = self._unrecorded, self._published
                self._unrecorded = []
                self._room.set()
                await segments.record(self._database, events)
                before, self._recorded = self._recorded, published
                await segments.beat(self._database, before, published, self._holder)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_SECONDS)
            if not await self._lease.acquire():
                raise LeaseLost("another relay works now")

    async def _trim(self) -> None:
        """Let go of what is projected, recorded and old."""
        while True:
            await asyncio.sleep(_TRIM_SECONDS)
            recorded = self._recorded
            if recorded is None:
                continue
            old = Position(max(0, recorded.ms - 1000 * self._settings.stream_retention_seconds), 0)
            await self._publisher.trim(old)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
