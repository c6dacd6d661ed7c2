"""A catalogue in Redis, made by the projector out of events, for tests of what is read from it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis

from projector.batch import Batch
from projector.rows import Rows
from projector.store import Read, Step, Store
from read_model.schema.keys import Keys
from tests.read_model.projected import PARTITIONS, START, make_id
from write_model.contracts import codec
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.ids import CATALOGUE_SLOT
from write_model.contracts.products import ProductAdded
from write_model.contracts.streams import Position

PARTITION: Final = CATALOGUE_SLOT % PARTITIONS


def product_added(name: str = "Lamp", **changes: object) -> ProductAdded:
    """A product like many others."""
    facts = {"sku": "SKU-1", "description": "", "category": "Light", "price": 1990, "currency": "EUR", "stock": 5}
    return ProductAdded.model_validate({"name": name, **facts, **changes})


class Catalogue:
    """What has happened to products, projected a step at a time."""

    def __init__(self, redis: Redis) -> None:
        self._store = Store(redis, PARTITION, feed_retention_ms=3_600_000)
        self._versions: dict[str, int] = {}

    async def add(self, event: ProductAdded, second: float = 0) -> str:
        """A new product, added in that second; its id."""
        return (await self.add_all([(event, second)]))[0]

    async def add_all(self, added: Sequence[tuple[ProductAdded, float]]) -> list[str]:
        """New products in steps of 500; their ids."""
        ids = [make_id("prd", CATALOGUE_SLOT, second) for _, second in added]
        happened = [(id, event, second) for id, (event, second) in zip(ids, added, strict=True)]
        for start in range(0, len(happened), 500):
            await self._step(happened[start : start + 500])
        return ids

    async def change(self, id: str, *events: Event) -> None:
        """What happens to a product next, in one step."""
        await self._step([(id, event, 0) for event in events])

    async def _step(self, happened: Sequence[tuple[str, Event, float]]) -> None:
        start = await self._store.checkpoint()
        entries = []
        for ordinal, (id, event, second) in enumerate(happened):
            self._versions[id] = self._versions.get(id, 0) + 1
            envelope = Envelope(
                aggregate_id=id,
                version=self._versions[id],
                ordinal=ordinal,
                occurred_at=START + timedelta(seconds=second),
                command_id="cmd_1",
                actor="staff:ada",
                trace=None,
                event=event,
            )
            fields = {name: text if isinstance(text, str) else text.decode() for name, text in
                      codec.encode(envelope).items()}  # fmt: skip
            entries.append((Position(start.position.ms + 1000, ordinal), fields))
        batch = Batch.of(entries)
        read = await self._store.read(start, batch.touches(), batch.aggregate_ids())
        assert isinstance(read, Read)
        folded = batch.fold(Rows(Keys(PARTITION, start.generation), "EUR", read.rows), frozenset())
        assert folded.parked == []
        assert await self._store.apply(Step(start, batch.last, False, folded.writes, [])) is None
