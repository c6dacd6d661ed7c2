"""The consumer of one partition: read, fold, apply, and again; from the checkpoint, wherever that goes."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from projector.batch import Batch
from projector.memory import Memory, Remembered
from projector.parking import ATTEMPTS, Parked
from projector.progress import Progress
from projector.projections.renames import carry_on
from projector.queues import read_queues
from projector.reaching import Unavailable
from projector.retrying import RETRIED_AT_ONCE, Asked, Retried, fold_requests
from projector.rows import RowId, Rows
from projector.store import Checkpoint, Read, Stale, Step, Store
from projector.writes import Writes
from read_model.schema.keys import Keys
from telemetry import tracing

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Entries that one step takes in."""
RENAMED_AT_ONCE: Final = 200
"""Orders into which one step carries a customer's new name."""
REMEMBERED: Final = 500
"""Rows of its last steps that need not be read again."""
BLOCK_MS: Final = 1_000
"""How long a read waits for entries; the connection must be more patient than that."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
"""Seconds between attempts: doubled after each, up to the longest."""

_HELD_PAUSE: Final = 0.05

T = TypeVar("T")


class Consumer:
    """Projects one partition until it is stopped or cancelled, both of which are safe at any point.

    Several at once do no harm: a step whose start is no longer the checkpoint is refused, and whoever was refused
    goes on from the checkpoint that they are told. `step_id` gives each step an id that no other has. Where there is a
    `progress`, steps are counted there and seen in traces.
    """

    def __init__(
        self,
        store: Store,
        partition: int,
        *,
        shop_currency: str,
        step_id: Callable[[], str],
        block_ms: int = BLOCK_MS,
        batch: int = BATCH,
        renamed_at_once: int = RENAMED_AT_ONCE,
        retried_at_once: int = RETRIED_AT_ONCE,
        remembered: int = REMEMBERED,
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._partition = partition
        self._shop_currency = shop_currency
        self._step_id = step_id
        self._block_ms = block_ms
        self._batch = batch
        self._renamed_at_once = renamed_at_once
        self._retried_at_once = retried_at_once
        self._memory = Memory(remembered)
        self._progress = progress
        self._may_have_renames = True
        self._checkpoint: Checkpoint | None = None
        self._failed_attempts = 0
        self._stopping = False
        self._waiting: asyncio.Task[Any] | None = None

    @property
    def may_have_renames(self) -> bool:
        """Whether a customer's new name may still be on its way into their orders."""
        return self._may_have_renames

    async def run(self) -> None:
        """Step after step until `stop`; an outage of Redis is waited out."""
        pause = 0.0
        try:
            while not self._stopping:
                try:
                    await self.step()
                except Unavailable as error:
                    if not pause:
                        log.warning("partition %d: waiting for Redis (%s)", self._partition, error)
                    pause = _longer(pause)
                    await self._interruptible(asyncio.sleep(pause))
                else:
                    if pause:
                        log.info("partition %d: Redis is back", self._partition)
                    pause = 0.0
        except asyncio.CancelledError:
            if not self._stopping or _is_cancelled():
                raise

    def stop(self) -> None:
        """Make `run` end, after the step in flight; waiting ends at once."""
        self._stopping = True
        if self._waiting:
            self._waiting.cancel()

    async def step(self) -> None:
        """Wait for entries and take them in, then carry a rename on by as much as one step may.

        Or learn that there is nothing to do, or that the checkpoint went elsewhere.
        """
        if self._checkpoint is None:
            self._checkpoint = await self._store.checkpoint()
        start = self._checkpoint
        # Whoever has something left to do does not wait for more.
        block_ms = None if self._may_have_renames else self._block_ms
        entries, requests = await self._interruptible(
            self._store.news_after(start.position, count=self._batch, block_ms=block_ms)
        )
        given_up = self._store.given_up
        if await given_up.look():
            requests += await self._store.give_up(await given_up.parked(start.generation))
        if requests and not entries:
            # What a request brings about is announced at the position of an entry.
            entries = await self._interruptible(
                self._store.entries_after(start.position, count=self._batch, block_ms=block_ms)
            )
        if entries:
            await self._take_in(start, Batch.of(given_up.replace(entries)), requests)
        elif not self._may_have_renames:
            self._go_on_from(await self._store.checkpoint())
        if self._may_have_renames:
            await self._carry_on(self._checkpoint)

    async def _take_in(self, start: Checkpoint, batch: Batch, requests: Sequence[Asked]) -> None:
        since = tracing.now()
        queues = await read_queues(self._store, start, requests, self._retried_at_once)
        if isinstance(queues, Stale):
            self._go_on_from(queues.checkpoint)
            return
        remembered = self._memory.take(start)
        touched = list(dict.fromkeys(chain(batch.touches(), *(queue.touches() for queue in queues))))
        read = await self._read(start, touched, batch.aggregate_ids(), remembered)
        if isinstance(read, Stale):
            self._go_on_from(read.checkpoint)
            return
        rows, writes = self._rows(start, read, remembered), Writes()
        retried = fold_requests(batch.first, requests, queues, rows, writes)
        folded = batch.fold(rows, read.parked_aggregates - retried.freed, writes)
        if folded.failures and self._failed_attempts + 1 < ATTEMPTS:
            self._failed_attempts += 1
            await self._interruptible(asyncio.sleep(_FIRST_PAUSE * self._failed_attempts))
            return
        parked = [*retried.parked, *folded.parked]
        step = Step(
            *(start, batch.last, batch.has_watermark, writes, parked),
            left=retried.left,
            answers=retried.answers,
            given_up=retried.given_up,
            id=self._step_id(),
        )
        refused = await self._store.apply(step)
        if refused:
            if refused.checkpoint == start:  # somebody holds the partition
                await self._interruptible(asyncio.sleep(_HELD_PAUSE))
            self._go_on_from(refused.checkpoint)
            return
        self._failed_attempts = 0
        self._checkpoint = step.end
        self._memory.keep(step.end, rows.known, touched, read.has_parked or bool(parked))
        self._may_have_renames |= rows.keys.renames() in writes.members
        self._report(folded.failures, retried)
        self._count(batch, len(parked), since)

    async def _carry_on(self, start: Checkpoint) -> None:
        rename = await self._store.next_rename(start, self._renamed_at_once)
        if rename is None:
            self._may_have_renames = False
            return
        if isinstance(rename, Stale):
            self._go_on_from(rename.checkpoint)
            return
        remembered, touched = self._memory.take(start), rename.touches()
        read = await self._read(start, touched, (), remembered)
        if isinstance(read, Stale):
            self._go_on_from(read.checkpoint)
            return
        rows, writes = self._rows(start, read, remembered), Writes()
        writes.add(start.position, carry_on(rename, rows), rows)
        step = Step(start, start.position, False, writes, (), rename, id=self._step_id())
        refused = await self._store.apply(step)
        if refused:
            self._go_on_from(refused.checkpoint)
            return
        self._checkpoint = step.end
        self._memory.keep(step.end, rows.known, touched, read.has_parked)

    async def _read(
        self, start: Checkpoint, touched: Sequence[RowId], aggregate_ids: Sequence[str], remembered: Remembered
    ) -> Read | Stale:
        """What is not remembered; where that is nothing, Redis is not asked."""
        missing = [row for row in touched if row not in remembered.rows]
        asked = aggregate_ids if remembered.has_parked else ()
        if not missing and not asked:
            return Read({}, frozenset(), remembered.has_parked)
        return await self._store.read(start, missing, asked)

    def _rows(self, start: Checkpoint, read: Read, remembered: Remembered) -> Rows:
        return Rows(Keys(self._partition, start.generation), self._shop_currency, read.rows, remembered.rows)

    def _go_on_from(self, stored: Checkpoint) -> None:
        ours = self._checkpoint
        if stored == ours:
            return
        if ours and stored[:2] < ours[:2]:
            log.warning("partition %d: Redis went back from %s to %s", self._partition, ours.position, stored.position)
        elif ours:
            log.info("partition %d: somebody else came to %s", self._partition, stored.position)
        self._checkpoint = stored
        self._failed_attempts = 0
        self._may_have_renames = True

    def _report(self, failures: list[Parked], retried: Retried) -> None:
        for id, answer in retried.answers:
            log.info("partition %d: request %s: %d parked events projected, %s",
                     self._partition, id, answer.projected, answer.outcome or "more to come")  # fmt: skip
        for parked in failures:
            log.error("partition %d: parked %s at %s: %s",
                      self._partition, parked.aggregate_id, parked.position, parked.reason)  # fmt: skip

    def _count(self, batch: Batch, parked: int, since: int) -> None:
        progress = self._progress
        if progress and batch.events:
            progress.events += len(batch.events)
            progress.parked += parked
            progress.seconds.add(max(0.0, (tracing.now() - since) / 1e9))  # clocks are set back
            traces = tracing.sampled(event.entry.get("trace") for event in batch.events)
            about = {"orderstream.partition": self._partition, "orderstream.events": len(batch.events)}
            tracing.record("project", traces, since, about, "consumer")

    async def _interruptible(self, coroutine: Coroutine[Any, Any, T]) -> T:
        task: asyncio.Task[T] = asyncio.create_task(coroutine)
        self._waiting = task
        if self._stopping:
            task.cancel()
        try:
            return await task
        finally:
            self._waiting = None


def _is_cancelled() -> bool:
    """Whether somebody cancelled this task, rather than what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _longer(pause: float) -> float:
    return min(pause * 2, _LONGEST_PAUSE) or _FIRST_PAUSE
