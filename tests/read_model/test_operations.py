"""The whole system at one moment, as Redis tells it."""

import asyncio
import json

from redis.asyncio import Redis

from read_model.connection import Reader
from read_model.operations import Pulse, operations
from read_model.requests import open_requests
from read_model.schema.keys import owner_key
from read_model.settings import ReadSettings
from tests.read_model.projected import PARTITIONS, Projected
from write_model.contracts.processes import EXPIRY_MS, PROCESSES_KEY, TELL
from write_model.contracts.streams import Position, events_key, projected_key, rebuild_key

PROJECTED = "orderstream_projector_events_total"


async def tell(redis: Redis, id: str, part: str, expiry_ms: int = EXPIRY_MS, /, **numbers: object) -> None:
    about = {"id": id, "part": part, "host": "here", "pid": 1, "started_at": f"2026-11-20T09:30:0{id[-1]}.000Z"}
    await redis.eval(TELL, 1, PROCESSES_KEY, id, str(expiry_ms), json.dumps({**about, "numbers": numbers}))


async def test_processes_tell_what_they_do_until_they_are_gone(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    await tell(redis, "gone0", "api", 0)
    await tell(redis, "api2", "api", orderstream_commands_total=3.0, orderstream_sockets=2.0)
    await tell(redis, "api1", "api", orderstream_commands_total=4.5)
    await tell(redis, "relay1", "relay", orderstream_relay_leader=1.0)
    await tell(redis, "projector1", "projector", **{PROJECTED: {"0": 10.0, "2": 2.0}})
    await redis.set(owner_key(2), "projector1")
    await redis.hset(PROCESSES_KEY, "gone1", f"1 {json.dumps({'id': 'gone1'})}")
    now = await operations(reader)
    assert [process.id for process in now.processes] == ["api1", "api2", "projector1", "relay1"]
    assert [process.leads for process in now.processes] == [None, None, None, True]
    assert now.total("orderstream_commands_total") == 7.5
    assert (now.most("orderstream_commands_total"), now.most("orderstream_nothing")) == (4.5, 0.0)
    assert now.processes[2].number(PROJECTED) == 12.0
    assert (now.processes[2].partitions, now.processes[0].number(PROJECTED)) == ((2,), None)
    assert [(p.owner, p.events_per_second) for p in now.partitions[1:3]] == [(None, 0.0), ("projector1", 2.0)]
    assert not await redis.hexists(PROCESSES_KEY, "gone0")


async def test_a_mean_weighs_what_each_process_did(reader: Reader, projected: Projected, redis: Redis) -> None:
    await tell(redis, "api1", "api", size_count=3.0, size_mean=10.0)
    await tell(redis, "api2", "api", size_count=1.0, size_mean=2.0)
    await tell(redis, "api3", "api", size_count=0.0)
    now = await operations(reader)
    assert (now.mean("size"), now.mean("other")) == (8.0, 0.0)


async def test_partitions_tell_where_they_are(reader: Reader, projected: Projected, redis: Redis) -> None:
    await redis.xadd(events_key(1), {"watermark": ""}, id="7-1")
    await redis.xadd(events_key(1), {"type": "X", "at": ""}, id="1900000000000-8")
    making: dict[str, str | int] = {
        "generation": 5,
        "position": "3-4",
        "purpose": "rebuild",
        "passed": 10,
        "total": 40,
        "problem": "no",
    }
    await redis.hset(rebuild_key(3), mapping=dict(making.items()))
    now = await operations(reader)
    assert [partition.number for partition in now.partitions] == list(range(PARTITIONS))
    second, last = now.partitions[1], now.partitions[3]
    assert (second.published, second.stream_length, second.lag.events) == (Position(1900000000000, 8), 2, 1)
    assert (second.generation, second.is_complete, second.making) == (1, True, None)
    assert last.making is not None
    assert (last.making.generation, last.making.position, last.making.problem) == (5, Position(3, 4), "no")
    assert (last.making.passed, last.making.total) == (10, 40)
    await redis.flushall()
    assert not any(partition.is_complete for partition in (await operations(reader)).partitions)


async def test_partitions_come_by_their_numbers_also_where_one_is_looked_at_twice(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    await operations(reader)
    await redis.hset(projected_key(0), "generation", "2")  # it has been switched since then
    now = await operations(reader)
    assert [(partition.number, partition.generation) for partition in now.partitions[:2]] == [(0, 2), (1, 1)]


async def test_everybody_who_asks_within_a_second_shares_one_look(reader: Reader, projected: Projected) -> None:
    pulse = Pulse(reader)
    before = reader.round_trips
    first, *others = await asyncio.gather(*(pulse.now() for _ in range(5)))
    assert all(other is first for other in others)
    assert reader.round_trips == before + 1


async def test_a_process_tells_by_the_client_for_requests(
    reader: Reader, settings: ReadSettings, projected: Projected
) -> None:
    about = {"id": "a", "part": "api", "host": "h", "pid": 1, "started_at": "2026-11-20T09:30:00.000Z", "numbers": {}}
    async with open_requests(settings) as requests:
        await requests.tell("a", json.dumps(about))
    assert [process.id for process in (await operations(reader)).processes] == ["a"]
