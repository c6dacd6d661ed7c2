"""The streams as a relay fills them, compared with the journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio import Redis

from tests.write_model.shop import add, order, outcomes, register, until
from write_model.contracts.codec import WATERMARK, decode
from write_model.contracts.streams import Position, events_key, partition_of
from write_model.mongo import journal
from write_model.mongo.database import JOURNAL, Client, Database
from write_model.relay.publisher import connect
from write_model.relay.relay import Relay
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, new_holder

Entries = list[tuple[Position, dict[str, str]]]


class Publication:
    """The streams, and relays to fill them."""

    def __init__(self, client: Client, stored: Database, redis: Redis, settings: RelaySettings) -> None:
        self._client, self._stored, self._redis, self.settings = client, stored, redis, settings

    @asynccontextmanager
    async def relay(self) -> AsyncIterator[Relay]:
        """A relay at work; stopped as a process is that gets a signal."""
        async with connect(self.settings.redis_url.get_secret_value()) as redis:
            stopping = asyncio.Event()
            relay = Relay(self._client, self._stored, redis, self.settings, holder=new_holder(), jitter=lambda: 0.5)
            running = asyncio.create_task(relay.run(stopping))
            try:
                yield relay
            finally:
                stopping.set()
                await running

    async def entries(self, partition: int) -> Entries:
        raw = cast(list[tuple[str, dict[str, str]]], await self._redis.xrange(events_key(partition)))
        return [(Position.parse(id), fields) for id, fields in raw]

    async def published(self) -> dict[int, Entries]:
        """The events, without the watermarks, by partition."""
        found = {}
        for partition in range(self.settings.partitions):
            found[partition] = [e for e in await self.entries(partition) if WATERMARK not in e[1]]
        return found

    async def complete(self) -> dict[int, Entries]:
        """The events, once all of the journal is there."""
        expected = await self._stored[JOURNAL].count_documents({})

        async def all_there() -> bool:
            return sum(map(len, (await self.published()).values())) >= expected

        await until(all_there)
        found = await self.published()
        await self.check(found)
        return found

    async def check(self, found: dict[int, Entries]) -> None:
        """Every event of the journal, once, unchanged, in its partition, ascending by version in its aggregate."""
        expected = {d["_id"]: journal.from_document(d) async for d in self._stored[JOURNAL].find()}
        seen = set()
        for partition, entries in found.items():
            versions: dict[str, int] = {}
            for _, fields in entries:
                envelope = decode(fields)
                assert envelope == expected[envelope.event_id]
                assert partition_of(envelope.aggregate_id, self.settings.partitions) == partition
                assert envelope.version == versions.get(envelope.aggregate_id, 0) + 1
                versions[envelope.aggregate_id] = envelope.version
                seen.add(envelope.event_id)
        assert sum(map(len, found.values())) == len(seen) == len(expected)


async def shop(write_model: WriteModel, orders: int = 30) -> None:
    customers = [await register(write_model) for _ in range(3)]
    tea = await add(write_model)
    await outcomes(*(order(write_model, customers[n % 3], (tea, 1)) for n in range(orders)))
