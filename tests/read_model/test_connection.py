"""One round trip for all partitions, and an answer only from complete generations."""

import asyncio
import socket
from collections.abc import Awaitable
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from read_model.connection import Commands, Reader
from read_model.errors import BeingPrepared, NoReply, Unavailable
from read_model.multiplexed import open_connection
from read_model.settings import ReadSettings
from tests.read_model.conftest import settings_for
from tests.read_model.projected import PARTITIONS, Projected
from write_model.contracts.streams import Position, projected_key


async def test_all_partitions_are_read_in_one_round_trip(reader: Reader, projected: Projected) -> None:
    answers = await reader.read(
        {p: lambda keys: [("ECHO", f"{keys.partition}/{keys.generation}"), ("ECHO", "b")] for p in range(PARTITIONS)}
    )
    assert answers == {p: [f"{p}/1", "b"] for p in range(PARTITIONS)}
    assert reader.round_trips == 1


async def test_reads_at_once_share_a_round_trip(reader: Reader, projected: Projected) -> None:
    wanted = [{0: echo("a"), 1: echo("b")}, {1: echo("c")}, {1: echo("d"), 2: echo("e")}]
    answers = await asyncio.gather(*map(reader.read, wanted))
    assert answers == [{0: ["a"], 1: ["b"]}, {1: ["c"]}, {1: ["d"], 2: ["e"]}]
    assert reader.round_trips == 1


async def test_of_reads_at_once_each_has_their_own_fault_and_leaves_alone(reader: Reader, projected: Projected) -> None:
    await projected.redis.hdel(projected_key(3), "complete")
    later = reader.at_least({1: Position(2**45, 0)})
    leaving = asyncio.create_task(reader.read({0: echo("gone")}))
    asking = [
        asyncio.create_task(one)
        for one in (reader.read({0: echo("a")}), reader.read({3: echo("b")}), later.read({1: echo("c")}))
    ]
    await asyncio.sleep(0)
    leaving.cancel()
    answer, *faults = await asyncio.gather(*asking, return_exceptions=True)
    assert answer == {0: ["a"]}
    assert [type(fault) for fault in faults] == [BeingPrepared, BeingPrepared]
    assert reader.round_trips == 1


async def test_all_hear_that_redis_is_gone(settings: ReadSettings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{nobody.getsockname()[1]}"
        async with open_connection(settings_for(url)) as connection:
            reader = Reader(connection, settings)
            reads = [reader.read({partition: echo("a")}) for partition in (0, 1)]
            faults = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(fault) for fault in faults] == [NoReply, NoReply]


def echo(text: str) -> Commands:
    """A read that answers the text."""
    return lambda _: [("ECHO", text)]


async def test_nothing_wanted_is_no_round_trip(reader: Reader) -> None:
    assert await reader.read({}) == {}
    assert reader.round_trips == 0


async def test_a_switched_generation_is_read_again_and_then_known(reader: Reader, projected: Projected) -> None:
    wanted = dict.fromkeys((0, 1), lambda keys: [("ECHO", str(keys.generation))])
    await projected.redis.hset(projected_key(1), "generation", "7")
    assert await reader.read(wanted) == {0: ["1"], 1: ["7"]}
    assert reader.round_trips == 2
    assert await reader.read(wanted) == {0: ["1"], 1: ["7"]}
    assert reader.round_trips == 3


@pytest.mark.parametrize("what", ["generation", "complete"])
async def test_a_state_that_keeps_moving_is_given_up(reader: Reader, projected: Projected, what: str) -> None:
    with pytest.raises(BeingPrepared):
        await reader.read({2: lambda _: [("HINCRBY", projected_key(2), what, 1)]})
    assert reader.round_trips == 3


async def test_a_state_that_is_known_is_read_once(reader: Reader, projected: Projected, redis: Redis) -> None:
    later = reader.at_least({1: Position(1, 0)})
    for one, times in ((reader, 2), (reader, 1), (later, 2)):
        await redis.config_resetstat()
        await one.read({1: echo("a")})
        assert (await redis.info("commandstats"))["cmdstat_hmget"]["calls"] == times


@pytest.mark.parametrize("missing", [["complete"], ["generation"], ["generation", "complete", "position"]])
async def test_one_incomplete_partition_makes_the_read_unavailable(
    reader: Reader, projected: Projected, missing: list[str]
) -> None:
    await reader.read({0: lambda _: (), 3: lambda _: ()})
    await projected.redis.hdel(projected_key(3), *missing)
    with pytest.raises(Unavailable, match="being prepared"):
        await reader.read({0: lambda _: (), 3: lambda _: ()})


async def test_a_partition_that_is_lost_while_it_is_read_gives_no_answer(reader: Reader, projected: Projected) -> None:
    with pytest.raises(BeingPrepared):
        await reader.read({1: lambda _: [("DEL", projected_key(1)), ("GET", "row")]})


async def test_a_partition_that_becomes_complete_while_it_is_read_is_read_again(
    reader: Reader, projected: Projected
) -> None:
    await projected.redis.hdel(projected_key(1), "complete")
    reads = [("INCR", "reads"), ("HSET", projected_key(1), "complete", 1)]
    assert (await reader.read({1: lambda _: reads}))[1][0] == 2


async def test_a_partition_that_was_lost_and_is_complete_again_is_read_again(
    reader: Reader, projected: Projected
) -> None:
    await reader.read({1: lambda _: ()})
    reads = [("INCR", "reads"), ("HSET", projected_key(1), "complete", "the step of another time")]
    assert (await reader.read({1: lambda _: reads}))[1][0] == 2


async def test_no_server_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = settings_for(f"redis://127.0.0.1:{port}")
    async with open_connection(settings) as connection:
        with pytest.raises(NoReply):
            await Reader(connection, settings).read({0: lambda _: ()})


async def test_a_server_that_does_not_reply_is_unavailable() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = settings_for(f"redis://127.0.0.1:{port}").model_copy(update={"read_timeout_seconds": 0.05})
        async with open_connection(settings) as connection:
            with pytest.raises(NoReply):
                await Reader(connection, settings).read({0: lambda _: ()})


async def test_a_connection_that_died_is_replaced(reader: Reader, projected: Projected, redis: Redis) -> None:
    await reader.read({0: lambda _: ()})
    await redis.client_kill_filter(_type="normal", skipme=True)
    assert await reader.read({0: lambda _: [("ECHO", "there")]}) == {0: ["there"]}


async def test_a_wrong_command_is_our_mistake_and_not_the_servers_condition(
    reader: Reader, projected: Projected
) -> None:
    with pytest.raises(ResponseError):
        await reader.read({0: lambda _: [("HMGET",)]})
    assert await reader.read({0: lambda _: [("ECHO", "still in step")]}) == {0: ["still in step"]}


async def test_a_cancelled_read_does_not_shift_the_replies_of_the_next(reader: Reader, projected: Projected) -> None:
    for turns in range(12):
        given_up = asyncio.create_task(reader.read({0: lambda _: [("ECHO", "old")]}))
        for _ in range(turns):
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert await reader.read({0: lambda _: [("ECHO", "new")]}) == {0: ["new"]}


async def test_whoever_was_shown_more_is_not_shown_less(reader: Reader, projected: Projected) -> None:
    shown = Position.parse(await cast("Awaitable[str]", projected.redis.hget(projected_key(1), "position")))
    bound = reader.at_least({1: shown})
    assert (await bound.read({1: lambda _: [("ECHO", "there")]}))[1] == ["there"]
    # Redis comes back as it was a moment ago: complete, and nothing but the position tells.
    await projected.redis.hset(projected_key(1), "position", str(Position(shown.ms - 1000, 0)))
    with pytest.raises(BeingPrepared):
        await bound.read({1: lambda _: ()})
    with pytest.raises(BeingPrepared):
        await bound.at_least({1: Position(1, 0), 0: Position(1, 0)}).read({1: lambda _: ()})
    assert (await reader.read({1: lambda _: [("ECHO", "there")]}))[1] == ["there"]
