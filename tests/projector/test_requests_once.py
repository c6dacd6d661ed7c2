"""A request is taken up once, whoever crashes and however many work on it."""

import random
from typing import Any

import pytest
from redis.asyncio import Redis

from projector.store import Stale, Step, Store
from read_model.schema.customers import CustomerRow
from read_model.schema.requests import Answer, Ask, Outcome, Request
from tests.projector.asking import ADA, HELD, PLACED, SHIPPED, answer, ask, order, project
from tests.projector.consumers import a_consumer, checkpoint, lives
from tests.projector.contents import everything, hash_at, parked_at, wherever_published
from tests.projector.events import (
    CUSTOMER,
    ORDER,
    entry,
    position,
    publish,
    watermark,
)
from tests.projector.story import KEYS
from write_model.contracts import codec
from write_model.contracts.orders import OrderPlaced


class Losing(Store):
    """Applies its next step, and loses the answer: as a crash does, or a connection that breaks."""

    loses = False

    async def apply(self, step: Step) -> Stale | None:
        refused = await super().apply(step)
        if self.loses:
            raise ConnectionError("lost")
        return refused


async def test_a_crash_right_after_the_step_repeats_nothing(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Losing(redis, 0, feed_retention_ms=3_600_000)
    consumer = a_consumer(redis, store=store)
    await project(redis, consumer, [ADA, entry(PLACED) | {"type": "Later"}], first=1)
    monkeypatch.setitem(codec.EVENT_TYPES, "Later", OrderPlaced)
    id = await ask(redis, Request(Ask.RETRY, ORDER))
    await publish(redis, [watermark()], first=3)
    store.loses = True
    with pytest.raises(ConnectionError):
        await consumer.step()
    applied = await everything(redis)
    store.loses = False
    for successor in (consumer, a_consumer(redis)):
        await successor.step()
        assert await everything(redis) == applied
    assert await answer(redis, id) == Answer(Outcome.FREE, 1)
    row = CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER)))
    assert (row.order_count, row.total_spent) == (1, 1990)


class Interrupted(Store):
    """Lets somebody else work right before it applies a step."""

    interruption: Any = None

    async def apply(self, step: Step) -> Stale | None:
        interruption, self.interruption = self.interruption, None
        if interruption:
            await interruption()
        return await super().apply(step)


@pytest.mark.parametrize(
    "request_", [Request(Ask.RETRY, ORDER), Request(Ask.DISCARD, ORDER, position(3))], ids=lambda request: request.ask
)
async def test_two_owners_take_a_request_up_once(redis: Redis, knows_held: Any, request_: Request) -> None:
    store = Interrupted(redis, 0, feed_retention_ms=3_600_000)
    slow, quick = a_consumer(redis, store=store), a_consumer(redis)
    await project(redis, slow, [ADA, PLACED, HELD, SHIPPED], first=1)
    await quick.step()
    knows_held()
    id = await ask(redis, request_)
    await publish(redis, [watermark()], first=5)
    store.interruption = quick.step
    await slow.step()  # has read the request and the queue, and comes too late
    applied = await everything(redis)
    assert await answer(redis, id) == Answer(Outcome.FREE, 2, discarded=request_.ask is Ask.DISCARD)
    for _ in range(3):
        await slow.step()
        await quick.step()
    assert await everything(redis) == applied
    assert len((await order(redis)).timeline) == (3 if request_.ask is Ask.RETRY else 2)


async def test_two_owners_who_never_meet_retry_everything_once(redis: Redis, knows_held: Any) -> None:
    """Two consumers step in turn over poison, requests and news, each often refused: the totals come out exact."""
    rng = random.Random(7)
    events = lives(rng, customers=3, orders=60)
    poisoned = set(rng.sample(sorted({event.aggregate_id for event in events if event.version > 1}), 12))
    entries = [
        entry(event) | ({"schema": "9"} if event.aggregate_id in poisoned and event.version == 2 else {})
        for event in events
    ]
    owners = [a_consumer(redis, batch=7, retried_at_once=5) for _ in range(2)]
    last = await publish(redis, entries)
    while (await checkpoint(redis)).position < last:
        await rng.choice(owners).step()
    assert len({fields["aggregate"] for _, fields in await parked_at(redis)}) == len(poisoned)
    with pytest.MonkeyPatch.context() as patch:
        # The program that knows schema 9 reads it as what it reads today.
        known = codec.read_event
        patch.setattr(codec, "read_event", lambda name, schema, data: known(name, 1 if schema == 9 else schema, data))
        asked = [await ask(redis, Request(Ask.RETRY, id)) for id in sorted(poisoned)]
        number = len(entries)
        while await parked_at(redis):
            number += 1
            await publish(redis, [watermark()], first=number)
            for owner in rng.sample(owners, 2):
                await owner.step()
    answers = [await answer(redis, id) for id in asked]
    assert {told.outcome for told in answers} == {Outcome.FREE}
    retried = {key: value for key, value in (await everything(redis)).items() if ":1:" in key}
    await redis.flushall()
    last = await publish(redis, [*events, watermark()])
    consumer = a_consumer(redis)
    while (await checkpoint(redis)).position < last:
        await consumer.step()
    afresh = {key: value for key, value in (await everything(redis)).items() if ":1:" in key}
    assert wherever_published(afresh) == wherever_published(retried)
