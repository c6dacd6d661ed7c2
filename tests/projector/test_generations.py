"""The generations of a partition against a real Redis: asked for, held, compared with, given up."""

import pytest
from redis.asyncio import Redis

from projector.reaching import Unavailable
from projector.startup import connect
from read_model.schema.generations import NotComplete
from read_model.schema.keys import Keys, replaced_key
from tests.projector.consumers import a_consumer, checkpoint
from tests.projector.contents import eventually, everything
from tests.projector.events import (
    an_id,
    history,
    placed,
    publish,
)
from tests.projector.rebuilding import a_rebuild, generations, heard, replay, rows_of, until_made
from tests.projector.test_rebuild import ADA, KING, a_shop, complete
from write_model.contracts.streams import rebuild_key, replay_key


async def test_a_partition_that_is_held_takes_nothing_in_until_it_is_let_go(redis: Redis) -> None:
    await complete(redis, [ADA])
    ours, live = generations(redis), a_consumer(redis)
    await ours.ask("verify", seconds=60)
    held = await checkpoint(redis)
    await ours.renew(2, hold_ms=60_000)
    last = await publish(redis, [*history(an_id("ord", 1), placed()), KING], first=3)
    for _ in range(2):
        await live.step()
    assert await checkpoint(redis) == held
    assert not await redis.exists(Keys(0, 1).order(an_id("ord", 1)))
    await ours.renew(2)
    await live.step()
    assert (await checkpoint(redis)).position == last


async def test_a_hold_ends_by_itself(redis: Redis) -> None:
    await complete(redis, [ADA])
    live = a_consumer(redis)
    await generations(redis).ask("verify")
    await generations(redis).renew(2, hold_ms=1)
    last = await publish(redis, [KING], first=3)

    async def let_go() -> bool:
        await live.step()
        return (await checkpoint(redis)).position == last

    await eventually(let_go)


async def test_what_is_only_compared_is_kept_up_to_date_and_never_serves(redis: Redis) -> None:
    events = a_shop(7)
    await complete(redis, events)
    await generations(redis).ask("verify", seconds=60)
    await replay(redis, events[:1])
    rebuild = a_rebuild(redis)
    for _ in range(5):
        await rebuild.step()
    state = await generations(redis).state()
    assert state.has_met
    assert await rows_of(redis, 2) == await rows_of(redis, 1)
    assert not await generations(redis).switch(2)
    await generations(redis).give_up(2)
    while await rebuild.step():
        pass
    assert await rows_of(redis, 2) == {}
    assert (await checkpoint(redis)).generation == 1


async def test_what_nobody_wants_any_more_is_given_up(redis: Redis) -> None:
    await complete(redis, [ADA])
    await generations(redis).ask("verify", seconds=-1)
    rebuild = a_rebuild(redis)
    await replay(redis, [ADA])
    while await rebuild.step():
        pass
    assert (await generations(redis).state()).making is None
    assert [key for key in await everything(redis) if ":2:" in key] == []


async def test_who_asks_second_joins_and_may_set_the_rate(redis: Redis) -> None:
    await complete(redis, [ADA])
    first = await generations(redis).ask("rebuild")
    assert await generations(redis).ask("rebuild", rate=50) == first._replace(is_new=False)
    assert await redis.hget(rebuild_key(0), "rate") == "50"
    assert (await generations(redis).ask("verify")).purpose == "rebuild"


async def test_a_number_is_never_used_again(redis: Redis) -> None:
    await complete(redis, [ADA])
    for number in (2, 3):
        assert (await generations(redis).ask("verify")).generation == number
        await generations(redis).give_up(number)


async def test_nothing_is_made_beside_what_is_not_complete(redis: Redis) -> None:
    with pytest.raises(NotComplete):
        await generations(redis).ask("rebuild")
    assert await redis.keys() == []


async def test_every_key_is_declared(redis: Redis) -> None:
    """A user who may touch the partition's keys only: Redis checks the declared keys, and commands in scripts."""
    await complete(redis, [ADA])
    await redis.acl_setuser("p0", enabled=True, nopass=True, reset_keys=True, keys=["{p0}:*"], categories=["+@all"])
    host = redis.connection_pool.connection_kwargs
    async with connect(f"redis://p0:any@{host['host']}:{host['port']}/0") as own:
        await generations(own).ask("rebuild")
        await replay(redis, [ADA])
        await until_made(own, a_rebuild(own))
        while await a_rebuild(own).step():
            pass
    assert (await checkpoint(redis)).generation == 2
    assert await heard(redis, replay_key(0)) == []


async def test_a_failure_of_redis_is_unavailable(redis: Redis) -> None:
    await redis.set(rebuild_key(0), "not a hash")
    with pytest.raises(Unavailable):
        await generations(redis).state()


async def test_a_rebuild_that_cannot_be_finished_gives_way_to_the_next(redis: Redis) -> None:
    await complete(redis, [ADA])
    ours = generations(redis)
    await ours.ask("rebuild")
    assert not (await ours.ask("rebuild")).is_new
    await redis.hset(rebuild_key(0), "problem", "a hole")
    asked = await ours.ask("rebuild")
    assert (asked.generation, asked.is_new) == (3, True)
    making = (await ours.state()).making
    assert making is not None
    assert (making.generation, making.problem) == (3, "")
    assert await redis.zrange(replaced_key(0), 0, -1) == ["2"]
