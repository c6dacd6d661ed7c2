"""The replayer on real servers: the journal again, in order and bounded, for whoever makes a new generation."""

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tests.write_model.publication import Publication, shop
from tests.write_model.shop import until
from write_model.contracts.codec import REPLAYED, WATERMARK, decode_replayed
from write_model.contracts.streams import events_key, rebuild_key, replay_key
from write_model.mongo.database import JOURNAL, Database
from write_model.relay import replayer
from write_model.startup import WriteModel

Entries = list[tuple[str, dict[str, str]]]


async def ask(redis: Redis, partition: int, generation: int = 2, **fields: Any) -> None:
    asked: dict[str, Any] = {"generation": generation, "position": "0-0", **fields}
    await redis.hset(rebuild_key(partition), mapping=cast(Any, asked))


async def entries(redis: Redis, key: str) -> Entries:
    found = cast(Entries, await redis.xrange(key))
    return [(id, fields) for id, fields in found if WATERMARK not in fields]


def opened(bundles: Entries) -> Entries:
    """The events in a replay's entries, one by one."""
    held = [entry for _, fields in bundles for entry in decode_replayed(fields[REPLAYED])]
    return [(str(position), dict(fields)) for position, fields in held if WATERMARK not in fields]


async def replayed(redis: Redis, partition: int) -> Entries:
    return opened(cast(Entries, await redis.xrange(replay_key(partition))))


async def forget_the_past(redis: Redis, partition: int) -> Entries:
    """What the live stream had; of which it keeps the end only, as after hours."""
    had = await entries(redis, events_key(partition))
    await redis.xtrim(events_key(partition), maxlen=1, approximate=False)
    return had


async def all_past(publication: Publication, redis: Redis) -> dict[int, Entries]:
    """Every partition's events, recorded, and in the live streams no more."""
    await publication.complete()
    ends = {p: (await publication.entries(p))[-1][0] for p in range(publication.settings.partitions)}

    async def recorded() -> bool:
        # A watermark behind the last event comes when that is recorded.
        now = [(await publication.entries(p))[-1] for p in ends]
        return all(WATERMARK in fields and position > ends[p] for p, (position, fields) in enumerate(now))

    await until(recorded)
    return {p: await forget_the_past(redis, p) for p in ends}


def replays(redis: Redis, expected: dict[int, Entries]) -> Any:
    async def complete() -> bool:
        return all([await replayed(redis, p) == its for p, its in expected.items()])

    return complete


async def test_the_journal_is_replayed_as_it_was_published(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        for partition in past:
            await ask(redis, partition)
        await until(replays(redis, past))
        ends = [cast(Entries, await redis.xrevrange(replay_key(p), count=1)) for p in past]
        assert len({id for [(id, _)] in ends}) == 1, "all stand at the same place, also those with few events"


async def test_only_what_is_asked_for_is_replayed(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0)
        await until(replays(redis, {0: past[0]}))
        assert await redis.keys("*:replay") == [replay_key(0)]


async def test_it_goes_on_where_another_relay_stood(
    write_model: WriteModel, publication: Publication, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "_CHUNK", 10)
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0, rate=40)

        async def some() -> bool:
            return len(await replayed(redis, 0)) > 0

        await until(some)
    before = await replayed(redis, 0)
    assert 0 < len(before) < len(past[0])
    await redis.hset(rebuild_key(0), "rate", "")
    async with publication.relay():
        await until(replays(redis, {0: past[0]}))


async def test_what_was_taken_in_is_not_replayed_again(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        middle = len(past[0]) // 2
        await ask(redis, 0, position=past[0][middle - 1][0])
        await until(replays(redis, {0: past[0][middle:]}))


async def test_it_waits_where_nobody_takes_anything_in(
    write_model: WriteModel, publication: Publication, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "_CHUNK", 5)
    monkeypatch.setattr(replayer, "ROOM", 3)
    taken, at = Entries(), "0-0"
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0)
        while len(taken) < len(past[0]):
            await asyncio.sleep(0.05)
            there = cast(Entries, await redis.xrange(replay_key(0), min=f"({at}"))
            assert len(there) <= 4
            if there:
                taken, at = taken + opened(there), there[-1][0]
                # Whoever takes in trims whole nodes of the stream, and here everything is in one.
                await redis.hset(rebuild_key(0), "position", at)
    assert taken == past[0]


async def test_a_replay_that_redis_lost_is_fed_again(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0)
        await until(replays(redis, {0: past[0]}))
        await redis.delete(replay_key(0))
        await until(replays(redis, {0: past[0]}))


async def test_a_replay_that_redis_loses_in_the_middle_has_no_gap(
    write_model: WriteModel, publication: Publication, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replayer, "ROOM", 1_000)  # for the few events that are in each entry at such a rate
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0, rate=30)

        async def some() -> bool:
            return len(await replayed(redis, 0)) > 5

        await until(some)
        await redis.delete(replay_key(0))
        await until(replays(redis, {0: past[0]}))


async def test_it_ends_where_the_live_stream_goes_on(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        await publication.complete()
        first = (await publication.entries(0))[0][0]
        await ask(redis, 0, position=str(first))
        await asyncio.sleep(3 * replayer._LOOK_SECONDS)
        assert not await redis.exists(replay_key(0))


async def test_what_is_not_wanted_any_more_gets_nothing(
    write_model: WriteModel, publication: Publication, redis: Redis
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0)
        await until(replays(redis, {0: past[0]}))
        await redis.delete(rebuild_key(0), replay_key(0))
        await ask(redis, 1)
        await until(replays(redis, {1: past[1]}))
        assert not await redis.exists(replay_key(0))


async def test_a_hole_in_the_journal_is_said_and_stops_only_the_partition_that_it_is_in(
    write_model: WriteModel, publication: Publication, redis: Redis, stored: Database
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        (hurt, whole), lost = list(past)[:2], past[0][3][1]
        await stored[JOURNAL].delete_one({"_id": f"{lost['aggregate']}@{lost['version']}"})
        await ask(redis, hurt)
        await ask(redis, whole)
        await until(replays(redis, {whole: past[whole]}))

        async def said() -> bool:
            return await redis.hget(rebuild_key(hurt), "problem") is not None

        await until(said)
        problem = await redis.hget(rebuild_key(hurt), "problem")
        assert problem == f"the journal lacks {lost['aggregate']}@{lost['version']}, which was published"


async def test_progress_counts_the_events_of_the_journal(
    write_model: WriteModel, publication: Publication, redis: Redis, stored: Database
) -> None:
    async with publication.relay():
        await shop(write_model)
        past = await all_past(publication, redis)
        await ask(redis, 0)
        await until(replays(redis, {0: past[0]}))
        count = await stored[JOURNAL].count_documents({})
        assert await redis.hmget(rebuild_key(0), "passed", "total") == [str(count), str(count)]
