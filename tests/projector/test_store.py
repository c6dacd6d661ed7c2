"""The store against a real Redis: a step is applied whole and once, or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from projector.parking import Parked
from projector.reaching import Unavailable
from projector.rows import RowId, Rows
from projector.startup import connect
from projector.store import FEED_BEGINNING, Checkpoint, Read, Stale, Step, Store
from projector.writes import Announce, Count, Fill, Mark, Put, Rank, Unmark, Unrank, Writes
from read_model.schema.changes import OrderChanged, encode_change
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import feed_key
from read_model.schema.parked import REASON
from tests.projector.contents import everything, hash_at, parked_at, ranked_at, stream_at
from tests.projector.events import CUSTOMER, ORDER, an_id, position, publish, watermark
from tests.projector.story import KEYS
from write_model.contracts.codec import WATERMARK
from write_model.contracts.streams import BEGINNING, Position, events_key, projected_key

FRESH = Checkpoint(1, BEGINNING)
ADA = CustomerRow(CUSTOMER, 1, "Ada", "ada@example.com", "ACTIVE", "2026", 0, 0, "EUR", None)
CHANGE = OrderChanged(ORDER, CUSTOMER, 1, None, "PLACED", "2026")


@pytest.fixture
def store(redis: Redis) -> Store:
    return Store(redis, 0, feed_retention_ms=600_000)


def a_step(
    start: Checkpoint,
    reached: Position,
    *writes: Any,
    parked: Sequence[Parked] = (),
    has_watermark: bool = False,
    id: str = "",
) -> Step:
    """A step whose writes all come from the event at `reached`."""
    folded = Writes()
    folded.add(reached, writes, Rows(KEYS, "EUR", {}))
    return Step(start, reached, has_watermark, folded, parked, id=id)


async def test_a_partition_that_nobody_projected_stands_at_the_beginning_of_generation_1(store: Store) -> None:
    assert await store.checkpoint() == FRESH


async def test_a_step_writes_everything_and_its_checkpoint(store: Store, redis: Redis) -> None:
    refused = await store.apply(
        a_step(
            FRESH,
            position(3),
            Put(CUSTOMER, ADA),
            Rank("{p0}:1:set", "a"),
            Rank("{p0}:1:set", "b", 2.5),
            Count("{p0}:1:counts", "orders", 2),
            Count("{p0}:1:counts", "orders", -3),
            Announce(CHANGE),
        )
    )
    assert refused is None
    assert await store.checkpoint() == Checkpoint(1, position(3))
    assert CustomerRow.decode(await hash_at(redis, KEYS.customer(CUSTOMER))) == ADA
    assert await ranked_at(redis, "{p0}:1:set") == [("a", 0.0), ("b", 2.5)]
    assert await hash_at(redis, "{p0}:1:counts") == {"orders": "-1"}
    assert await stream_at(redis, feed_key(0)) == [
        (str(FEED_BEGINNING), {"change": ""}),
        (str(position(3)), {"change": encode_change(CHANGE).decode()}),
    ]
    assert await store.checkpoint() == Checkpoint(1, position(3))


async def test_a_counter_at_zero_is_not_kept(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(1), Count("{p0}:1:counts", "a", 1), Count("{p0}:1:counts", "b", 1)))
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), Count("{p0}:1:counts", "a", -1)))
    assert await hash_at(redis, "{p0}:1:counts") == {"b": "1"}


async def test_a_set_of_few_numbers_is_a_set_and_one_of_many_a_bitmap(store: Store, redis: Redis) -> None:
    key, start = "{p0}:1:numbers", FRESH
    await store.apply(a_step(start, position(1), *(Mark(key, number) for number in range(0, 1024, 2))))
    assert await redis.type(key) == "set"
    assert {int(number) for number in await redis.smembers(key)} == set(range(0, 1024, 2))
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), Unmark(key, 0), Mark(key, 1), Mark(key, 9999)))
    assert await redis.type(key) == "string"
    await store.apply(a_step(Checkpoint(1, position(2)), position(3), Unmark(key, 9999), Unmark(key, 7), Mark(key, 3)))
    kept = {1, 3, *range(2, 1024, 2)}
    assert [await redis.getbit(key, number) for number in range(10_000)] == [int(n in kept) for n in range(10_000)]


async def test_a_bitmap_comes_only_where_it_is_the_smaller(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(1), *(Mark("{p0}:1:numbers", number * 1000) for number in range(600))))
    assert await redis.type("{p0}:1:numbers") == "set"


async def test_a_number_that_enters_and_leaves_in_one_step_is_not_in_the_set(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(1), Mark("{p0}:1:numbers", 5), Unmark("{p0}:1:numbers", 5)))
    assert not await redis.exists("{p0}:1:numbers")


async def test_a_column_holds_bytes_at_their_offsets(store: Store, redis: Redis) -> None:
    key = "{p0}:1:column"
    await store.apply(a_step(FRESH, position(1), Fill(key, 4, b"efgh"), Fill(key, 0, b"xxxx"), Fill(key, 0, b"abcd")))
    long = "é" * 16  # bytes that are negative as numbers, and more of them than Redis puts at once
    fills = (Fill(key, 12, long.encode()), Fill(key, 8, b"ijkl"))
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), *fills))
    assert await redis.get(key) == "abcdefghijkl" + long


async def test_a_member_that_left_is_not_in_the_set(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(1), Rank("{p0}:1:set", "a"), Rank("{p0}:1:set", "b")))
    start = Checkpoint(1, position(1))
    await store.apply(a_step(start, position(2), Unrank("{p0}:1:set", "a"), Unrank("{p0}:1:set", "never there")))
    assert await redis.zrange("{p0}:1:set", 0, -1) == ["b"]


@pytest.mark.parametrize("start", [Checkpoint(1, position(4)), Checkpoint(1, BEGINNING), Checkpoint(2, position(5))])
async def test_a_step_from_another_checkpoint_changes_nothing_and_learns_the_right_one(
    store: Store, redis: Redis, start: Checkpoint
) -> None:
    await store.apply(a_step(FRESH, position(5), Put(CUSTOMER, ADA), Announce(CHANGE)))
    before = await everything(redis)
    parked = Parked(position(6), ORDER, "why", {"type": "OrderPlaced"})
    writes = (Put(CUSTOMER, ADA._replace(version=9)), Rank("{p0}:s", "a"), Count("{p0}:c", "n", 1), Announce(CHANGE))
    refused = await store.apply(a_step(start, position(6), *writes, parked=[parked], has_watermark=True))
    assert refused == Stale(Checkpoint(1, position(5)))
    assert await everything(redis) == before


async def test_a_step_that_expects_a_past_is_refused_by_an_empty_redis(store: Store, redis: Redis) -> None:
    assert await store.apply(a_step(Checkpoint(1, position(5)), position(6))) == Stale(FRESH)
    assert await redis.keys() == []


async def test_the_first_step_with_a_watermark_completes_the_partition_for_good(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(1)))
    assert await redis.hget(projected_key(0), "complete") is None
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), has_watermark=True, id="the first"))
    await store.apply(a_step(Checkpoint(1, position(2), "the first"), position(3), has_watermark=True, id="another"))
    assert await redis.hget(projected_key(0), "complete") == "the first"


async def test_the_feed_says_how_far_the_step_came_where_no_notice_does(store: Store, redis: Redis) -> None:
    step = a_step(FRESH, position(1), Announce(CHANGE))
    await store.apply(replace(step, reached=position(2)))
    assert (await stream_at(redis, feed_key(0)))[1:] == [
        (str(position(1)), {"change": encode_change(CHANGE).decode()}),
        (str(position(2)), {"change": ""}),
    ]


async def test_a_feed_says_that_it_has_all_from_the_beginning_where_it_has(store: Store, redis: Redis) -> None:
    """So that a cursor from before the first event is good after Redis was emptied, when all is announced again."""
    await store.apply(a_step(FRESH, position(1), Announce(CHANGE)))
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), Announce(CHANGE)))
    ids = [id for id, _ in await stream_at(redis, feed_key(0))]
    assert ids == [str(FEED_BEGINNING), str(position(1)), str(position(2))]


async def test_the_feed_is_trimmed_by_the_time_of_its_positions(redis: Redis) -> None:
    store, start = Store(redis, 0, feed_retention_ms=60_000), FRESH
    for second in range(300):  # more than a node of the stream holds: whole nodes are trimmed
        reached = Position.of_commit(1_000 + second, 1)
        await store.apply(a_step(start, reached))
        start = Checkpoint(1, reached)
    kept = [Position.parse(id).ms // 1000 for id, _ in await stream_at(redis, feed_key(0))]
    assert kept[-1] == 1_299
    assert 1_100 <= kept[0] <= 1_239
    assert kept == list(range(kept[0], 1_300))


async def test_a_feed_that_is_ahead_keeps_what_it_said_and_holds_nothing_up(store: Store, redis: Redis) -> None:
    await store.apply(a_step(FRESH, position(5), Announce(CHANGE)))
    said = await stream_at(redis, feed_key(0))
    await redis.delete(projected_key(0))
    assert await store.apply(a_step(FRESH, position(3), Announce(CHANGE))) is None
    assert await stream_at(redis, feed_key(0)) == said
    assert await store.checkpoint() == Checkpoint(1, position(3))


async def test_sets_of_any_size_fit_into_a_step(store: Store, redis: Redis) -> None:
    members = [f"m{i:05}" for i in range(20_001)]
    await store.apply(a_step(FRESH, position(1), *(Rank("{p0}:1:set", m, i) for i, m in enumerate(members))))
    assert await ranked_at(redis, "{p0}:1:set") == [(m, float(i)) for i, m in enumerate(members)]
    await store.apply(a_step(Checkpoint(1, position(1)), position(2), *(Unrank("{p0}:1:set", m) for m in members[1:])))
    assert await redis.zrange("{p0}:1:set", 0, -1) == members[:1]


async def test_rows_of_any_number_fit_into_a_step_and_a_read(store: Store) -> None:
    rows = [ADA._replace(id=an_id("cus", n), name=f"N{n}") for n in range(10_000)]
    await store.apply(a_step(FRESH, position(1), *(Put(row.id, row) for row in rows)))
    ids: list[RowId] = [(CustomerRow, row.id) for row in rows]
    read = await store.read(Checkpoint(1, position(1)), ids, [row.id for row in rows])
    assert isinstance(read, Read)
    assert [CustomerRow.decode(read.rows[id]) for id in ids] == rows
    assert (read.parked_aggregates, read.has_parked) == (frozenset(), False)


async def test_parked_events_are_kept_in_order_with_their_reason_and_block_their_aggregate(
    store: Store, redis: Redis
) -> None:
    nameless = Parked(position(1), "", "no aggregate", {"type": "Odd"})
    broken = Parked(position(2), ORDER, "broken", {"type": "OrderPlaced", "data": "{"})
    await store.apply(a_step(FRESH, position(2), parked=[nameless, broken]))
    assert await parked_at(redis) == [
        (str(position(1)), {REASON: "no aggregate", "type": "Odd"}),
        (str(position(2)), {REASON: "broken", "type": "OrderPlaced", "data": "{"}),
    ]
    read = await store.read(Checkpoint(1, position(2)), [], [CUSTOMER, ORDER, ""])
    assert read == Read({}, frozenset({ORDER}), has_parked=True)


async def test_rows_are_read_only_at_the_checkpoint_that_was_asked_for(store: Store) -> None:
    await store.apply(a_step(FRESH, position(1), Put(CUSTOMER, ADA)))
    ids: list[RowId] = [(CustomerRow, CUSTOMER), (CustomerRow, an_id("cus", 7))]
    assert await store.read(FRESH, ids, []) == Stale(Checkpoint(1, position(1)))
    read = await store.read(Checkpoint(1, position(1)), ids, [])
    assert isinstance(read, Read)
    assert CustomerRow.decode(read.rows[ids[0]]) == ADA
    assert read.rows[ids[1]] == {}


async def test_entries_come_in_order_after_a_position_and_bounded(store: Store, redis: Redis) -> None:
    await publish(redis, [watermark()] * 5)
    entries = await store.entries_after(position(2), count=2, block_ms=1)
    assert entries == [(position(3), watermark()), (position(4), watermark())]
    assert await store.entries_after(position(5), count=2, block_ms=1) == []


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_entries_end_with_a_whole_commit(store: Store, redis: Redis, count: int) -> None:
    one = [Position.of_commit(1_700_000_000, 1, ordinal) for ordinal in range(5)]
    for place in [*one, another := Position.of_commit(1_700_000_000, 2)]:
        await redis.xadd(events_key(0), {WATERMARK: "1"}, id=str(place))
    entries, _ = await store.news_after(BEGINNING, count=count, block_ms=1)
    assert [place for place, _ in entries] == one
    assert await store.entries_after(BEGINNING, count=count, block_ms=1) == entries
    assert [place for place, _ in await store.entries_after(one[-1], count=count, block_ms=1)] == [another]


async def test_every_key_is_declared(store: Store, redis: Redis) -> None:
    """A user who may touch the partition's keys only: Redis checks the declared keys, and commands in scripts."""
    await redis.acl_setuser("p0", enabled=True, nopass=True, reset_keys=True, keys=["{p0}:*"], categories=["+@all"])
    host = redis.connection_pool.connection_kwargs
    async with connect(f"redis://p0:any@{host['host']}:{host['port']}/0") as own:
        confined = Store(own, 0, feed_retention_ms=1)
        parked = Parked(position(1), ORDER, "why", {})
        assert (
            await confined.apply(a_step(FRESH, position(1), Put(CUSTOMER, ADA), Announce(CHANGE), parked=[parked]))
            is None
        )
        with pytest.raises(Unavailable, match="NoPermissionError"):
            await confined.apply(a_step(Checkpoint(1, position(1)), position(2), Rank("{p1}:1:set", "a")))


async def test_a_failure_of_redis_is_unavailable(store: Store, redis: Redis) -> None:
    await redis.set(projected_key(0), "not a hash")
    with pytest.raises(Unavailable) as caught:
        await store.checkpoint()
    assert isinstance(caught.value.__cause__, ResponseError)
