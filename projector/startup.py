"""The projector put together."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any, Final, cast

import hiredis
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.typing import EncodableT

from projector.consumer import Consumer
from projector.generations import Generations
from projector.leases import Leases
from projector.metrics import of_projector
from projector.ownership import Ownership
from projector.partition import Partition
from projector.progress import Progress
from projector.reaching import PATIENCE_SECONDS
from projector.rebuild import Rebuild
from projector.scratch import Scratch
from projector.settings import ProjectorSettings
from projector.store import Store
from telemetry import metrics
from telemetry.startup import about
from telemetry.statistics import telling
from write_model.contracts.processes import EXPIRY_MS, PROCESSES_KEY, TELL

REBUILT: Final = 1_000
"""Entries that one step of a rebuild takes in: more than a live one, because nobody waits for it."""
REMEMBERED: Final = 20_000
"""Rows that it remembers, of a partition: a catalogue and its customers should find room."""


class _PackedInC(AbstractConnection):
    """redis-py's asyncio connection packs argument by argument in Python: a third of a projector's time."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        name, *rest = cast("tuple[Any, ...]", args)
        return [hiredis.pack_command((*name.split(), *rest))]


def connect(url: str) -> Redis:
    """A client as the projector needs it.

    Without retries and limits of its own, because the consumer decides how long to wait and what to do again; and
    able to read an entry that is no UTF-8, which must be parked instead of ending the read.
    """
    redis = Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=None,  # see reaching.py
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    pool = redis.connection_pool
    pool.connection_class = type("PackingConnection", (_PackedInC, pool.connection_class), {})
    return redis


def step_id() -> str:
    """An id that no other step has."""
    return secrets.token_hex(8)


async def run(settings: ProjectorSettings, name: str, stopping: asyncio.Event) -> None:
    """Project our share of the partitions until `stopping`. Nobody else alive may have the name."""
    async with connect(settings.redis_url.get_secret_value()) as redis:
        progress: defaultdict[int, Progress] = defaultdict(Progress)

        def work_of(partition: int) -> Partition:
            store = Store(redis, partition, feed_retention_ms=settings.feed_retention_seconds * 1000)
            consumer = Consumer(
                *(store, partition),
                shop_currency=settings.currency,
                step_id=step_id,
                progress=progress[partition],
            )
            return Partition(consumer, rebuild_of(redis, partition, settings.currency))

        ownership = Ownership(Leases(redis, name), settings.partitions, work_of)
        metrics.export(source := of_projector(ownership, progress))

        async def tell(statistics: str) -> None:
            told = redis.eval(TELL, 1, PROCESSES_KEY, name, str(EXPIRY_MS), statistics)
            await cast("Awaitable[int]", told)

        async with telling(about("projector", name), [source], tell):
            await ownership.run(stopping)


def rebuild_of(redis: Redis, partition: int, shop_currency: str) -> Rebuild:
    """What makes the partition's new generations."""

    def consumer_of(generation: int) -> Consumer:
        store = Scratch(redis, partition, generation)
        return Consumer(
            *(store, partition),
            shop_currency=shop_currency,
            step_id=step_id,
            batch=REBUILT,
            remembered=REMEMBERED,
        )

    return Rebuild(Generations(redis, partition), consumer_of)
