"""Ownership against a real Redis: every partition has one worker, evenly, whoever comes and goes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from projector.consumer import Consumer
from projector.leases import EXPIRY_MS, Leases
from projector.ownership import RENEWAL_SECONDS, Ownership, WrongPartitions, share
from projector.startup import step_id
from projector.store import Store
from read_model.schema.keys import PROJECTORS_KEY, owner_key
from tests.projector.contents import eventually, hash_at
from tests.projector.events import CUSTOMER, envelope, publish
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.streams import PARTITIONS_KEY, projected_key

PARTITIONS = 8
ALL = set(range(PARTITIONS))


@pytest.fixture
def make(redis: Redis) -> Callable[[str], Ownership]:
    """Makes projectors by name."""

    def consumer_of(partition: int) -> Consumer:
        store = Store(redis, partition, feed_retention_ms=600_000)
        return Consumer(store, partition, shop_currency="EUR", step_id=step_id, block_ms=50)

    return lambda name: Ownership(Leases(redis, name), PARTITIONS, consumer_of)


async def owners(redis: Redis) -> dict[int, Any]:
    return {partition: await redis.get(owner_key(partition)) for partition in ALL}


@given(st.integers(1, 20), st.integers(1, 40))
def test_shares_are_whole_apart_and_even(projectors: int, partitions: int) -> None:
    names = [f"p{n:02}" for n in range(projectors)]
    shares = [share(names, name, partitions) for name in names]
    assert Counter(partition for each in shares for partition in each) == Counter(range(partitions))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_two_renewals_may_fail_before_a_lease_is_lost() -> None:
    assert RENEWAL_SECONDS * 3_000 <= EXPIRY_MS


async def test_one_alone_works_on_everything(redis: Redis, make: Callable[[str], Ownership]) -> None:
    one = make("one")
    await one.renew()
    assert one.owned == ALL
    assert await owners(redis) == dict.fromkeys(ALL, "one")
    last = await publish(redis, [envelope(CUSTOMER, 1, CustomerRegistered(name="Ada", email="a@example.com"))])

    async def projected() -> bool:
        return (await hash_at(redis, projected_key(0))).get("position") == str(last)

    await eventually(projected)
    await one.give_back()
    assert await owners(redis) == dict.fromkeys(ALL)
    assert await redis.zcard(PROJECTORS_KEY) == 0


async def test_a_second_one_gets_half_and_gives_it_back(redis: Redis, make: Callable[[str], Ownership]) -> None:
    one, two = make("one"), make("two")
    await one.renew()
    await two.renew()
    assert two.owned == set(), "everything is still leased to the first"
    await one.renew()
    await two.renew()
    assert (one.owned, two.owned) == ({0, 2, 4, 6}, {1, 3, 5, 7})
    assert await owners(redis) == {partition: "two" if partition % 2 else "one" for partition in ALL}
    await one.give_back()
    await two.renew()
    assert two.owned == ALL
    assert await owners(redis) == dict.fromkeys(ALL, "two")
    await two.give_back()


async def test_one_that_died_is_replaced_when_its_leases_expire(redis: Redis, make: Callable[[str], Ownership]) -> None:
    dead, heir = Leases(redis, "dead", expiry_ms=200), make("heir")
    await dead.sign_in()
    for partition in ALL:
        assert await dead.claim(partition)

    async def inherited() -> bool:
        await heir.renew()
        return heir.owned == ALL

    await eventually(inherited)
    assert cast("list[str]", await redis.zrange(PROJECTORS_KEY, 0, -1)) == ["heir"]
    await heir.give_back()


async def test_who_lost_a_lease_stops_working_on_it(redis: Redis, make: Callable[[str], Ownership]) -> None:
    one = make("one")
    await one.renew()
    await redis.set(owner_key(3), "somebody")
    await one.renew()
    assert one.owned == ALL - {3}
    await one.give_back()
    assert await redis.get(owner_key(3)) == "somebody"


async def test_an_emptied_redis_is_claimed_again(redis: Redis, make: Callable[[str], Ownership]) -> None:
    one = make("one")
    await one.renew()
    await redis.flushall()
    await one.renew()
    assert one.owned == ALL
    assert await owners(redis) == dict.fromkeys(ALL, "one")
    await one.give_back()


async def test_leases_expire_by_themselves_and_only_their_owner_renews_them(redis: Redis) -> None:
    ours, theirs = Leases(redis, "ours"), Leases(redis, "theirs")
    assert await ours.claim(1)
    assert not await theirs.claim(1)
    assert 0 < await redis.pttl(owner_key(1)) <= EXPIRY_MS
    await redis.pexpire(owner_key(1), 500)
    assert not await theirs.claim(1)
    assert await redis.pttl(owner_key(1)) <= 500
    assert await ours.claim(1)
    assert await redis.pttl(owner_key(1)) > 500
    await theirs.release(1)
    assert await redis.get(owner_key(1)) == "ours"
    await ours.release(1)
    assert await redis.get(owner_key(1)) is None


async def test_life_is_counted_by_the_servers_clock(redis: Redis) -> None:
    seconds, microseconds = await cast("Awaitable[Any]", redis.time())
    assert await Leases(redis, "a").sign_in() == ["a"]
    score = await redis.zscore(PROJECTORS_KEY, "a")
    assert score is not None
    assert 0 <= float(score) - (seconds + microseconds / 1e6) - EXPIRY_MS / 1000 < 5
    await redis.zadd(PROJECTORS_KEY, {"gone": seconds - 1, "alive": seconds + 60})
    assert await Leases(redis, "b").sign_in() == ["a", "alive", "b"]


async def test_a_consumer_that_fails_ends_the_projector_and_frees_its_leases(
    redis: Redis, make: Callable[[str], Ownership]
) -> None:
    await redis.hset(projected_key(5), mapping={"generation": "1", "position": "nonsense"})
    with pytest.raises(ValueError, match="nonsense"):
        await make("one").run(asyncio.Event())
    assert await owners(redis) == dict.fromkeys(ALL)


async def test_stopping_gives_everything_back(redis: Redis, make: Callable[[str], Ownership]) -> None:
    one, stopping = make("one"), asyncio.Event()
    running = asyncio.create_task(one.run(stopping))

    async def working() -> bool:
        return one.owned == ALL

    await eventually(working)
    stopping.set()
    await running
    assert one.owned == set()
    assert await owners(redis) == dict.fromkeys(ALL)


async def test_another_number_of_partitions_than_the_streams_have_is_refused(
    redis: Redis, make: Callable[[str], Ownership]
) -> None:
    await redis.set(PARTITIONS_KEY, PARTITIONS + 1)
    with pytest.raises(WrongPartitions, match=f"PARTITIONS is {PARTITIONS}, but the streams have {PARTITIONS + 1}"):
        await make("one").renew()
    await redis.set(PARTITIONS_KEY, PARTITIONS)
    one = make("one")
    await one.renew()
    assert one.owned == set(range(PARTITIONS))
    await one.give_back()
