"""The one connection, on a real Redis: everybody has their own answer, whoever leaves, whatever is lost."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from read_model.errors import NoReply
from read_model.multiplexed import Command, Multiplexed, open_connection
from read_model.settings import ReadSettings
from stack.embedded import STOP_SECONDS, start_redis
from tests.read_model.conftest import patient
from tests.read_model.loops import Loop, on_every_loop, run
from tests.read_model.patience import PATIENCE

SUM = "return {KEYS[1], tonumber(ARGV[1]) + 1}"


@pytest.fixture
def settings(redis_url: str) -> ReadSettings:
    return patient(redis_url)


@on_every_loop
def test_whoever_is_cancelled_shifts_nobodys_answer(loop: Loop, redis_url: str) -> None:
    run(loop, _cancel_at_random(redis_url))


async def _cancel_at_random(redis_url: str) -> None:
    random = Random(20261121)
    answered = cancelled = 0

    async def read(connection: Multiplexed, name: str) -> None:
        nonlocal answered
        commands: list[Command] = [("ECHO", f"{name}/{n}") for n in range(random.randrange(1, 4))]
        wanted: list[Any] = [command[1] for command in commands]
        if random.random() < 0.2:
            commands.append(("EVAL_RO", SUM, 1, name, 41))
            wanted.append([name, 42])
        assert await connection.ask(commands) == wanted
        answered += 1

    async def visitor(connection: Multiplexed, number: int) -> None:
        nonlocal cancelled
        for n in range(50):
            reading = asyncio.create_task(read(connection, f"{number}.{n}"))
            if random.random() < 0.5:
                # Before it was sent, while it is on its way, when the answer has just come: all of it.
                for _ in range(random.randrange(8)):
                    await asyncio.sleep(0)
                reading.cancel()
            (end,) = await asyncio.gather(reading, return_exceptions=True)
            assert end is None or isinstance(end, asyncio.CancelledError), end
            cancelled += end is not None

    async with open_connection(patient(redis_url)) as connection:
        await asyncio.gather(*(visitor(connection, number) for number in range(100)))
    assert answered + cancelled == 5_000
    assert min(answered, cancelled) > 500


async def test_what_is_asked_at_once_goes_out_at_once(connection: Multiplexed) -> None:
    await connection.ask([("PING",)])
    before = connection.trips
    echoes = [connection.ask([("ECHO", "a" * n), ("ECHO", str(n))]) for n in range(1_000)]
    assert await asyncio.gather(*echoes) == [["a" * n, str(n)] for n in range(1_000)]
    assert connection.trips == before + 1


async def test_nothing_asked_is_nothing_answered(connection: Multiplexed) -> None:
    assert await connection.ask([]) == []


@on_every_loop
def test_a_connection_that_redis_has_closed_is_made_anew(loop: Loop, redis_url: str) -> None:
    async def work() -> None:
        async with open_connection(patient(redis_url)) as connection, Redis.from_url(redis_url) as other:
            for n in range(20):
                [[id], answers] = await asyncio.gather(connection.ask([("CLIENT", "ID")]), echoes(connection))
                await other.client_kill_filter(_id=id)
                # Before the news, and after it: each is answered.
                for _ in range(n % 4):
                    await asyncio.sleep(0)
                assert await echoes(connection) == answers

    async def echoes(connection: Multiplexed) -> list[list[str]]:
        return await asyncio.gather(*(connection.ask([("ECHO", str(n))]) for n in range(50)))

    run(loop, work())


async def test_a_connection_that_was_lost_takes_nothing_more(connection: Multiplexed) -> None:
    await connection.ask([("PING",)])
    wire = connection._wire
    assert wire
    wire.lose()
    await asyncio.sleep(0.01)
    with pytest.raises(RedisError):
        await wire.ask(b"PING\r\n", 1, asyncio.get_running_loop().time() + PATIENCE)


async def test_a_script_is_sent_once_and_survives_that_redis_forgets_it(connection: Multiplexed, redis: Redis) -> None:
    await redis.script_flush()
    await redis.config_resetstat()
    for n in range(10):
        answers = await asyncio.gather(*(connection.ask([("EVAL_RO", SUM, 1, "k", n)]) for _ in range(5)))
        assert answers == [[["k", n + 1]]] * 5
    assert await _calls(redis) == {"cmdstat_eval_ro": 1, "cmdstat_evalsha_ro": 49}
    await redis.script_flush()
    answers = await asyncio.gather(*(connection.ask([("ECHO", "a"), ("EVAL_RO", SUM, 1, "k", n)]) for n in range(5)))
    assert answers == [["a", ["k", n + 1]] for n in range(5)]
    assert (await connection.ask([("EVAL_RO", SUM, 1, "k", 1)])) == [["k", 2]]


async def _calls(redis: Redis) -> dict[str, int]:
    stats: dict[str, dict[str, int]] = await redis.info("commandstats")
    return {name: stats[name]["calls"] for name in ("cmdstat_eval_ro", "cmdstat_evalsha_ro")}


async def test_a_redis_that_is_restarted_is_found_again(tmp_path: Path) -> None:
    server, child = await start_redis(tmp_path)
    try:
        async with open_connection(patient(server.url)) as connection:
            assert await connection.ask([("EVAL_RO", SUM, 1, "k", 1)]) == [["k", 2]]
            child.kill()
            await child.wait()
            with pytest.raises(NoReply):
                await connection.ask([("PING",)])
            child = await server.spawn()
            async with asyncio.timeout(60):
                while True:
                    try:
                        assert await connection.ask([("EVAL_RO", SUM, 1, "k", 1)]) == [["k", 2]]
                        break
                    except NoReply:
                        pass
    finally:
        await child.stop(STOP_SECONDS)


async def test_errors_are_their_own(connection: Multiplexed, redis: Redis) -> None:
    await redis.set("text", "a")
    answers = await asyncio.gather(
        connection.ask([("ECHO", "a")]),
        connection.ask([("ECHO",)]),
        connection.ask([("ECHO", "b"), ("LPOP", "text")]),
        connection.ask([("EVAL_RO", "this is no Lua", 0)]),
        connection.ask([("EVAL_RO", "return redis.error_reply('BUSY as it is')", 0)]),
        connection.ask([("EVAL_RO", "return redis.error_reply('LOADING still')", 0)]),
        connection.ask([("ECHO", "c")]),
        return_exceptions=True,
    )
    kinds = [answer if isinstance(answer, list) else type(answer) for answer in answers]
    assert kinds == [["a"], ResponseError, ResponseError, ResponseError, NoReply, NoReply, ["c"]]


async def test_bytes_that_are_no_text_disturb_nobody(connection: Multiplexed, redis: Redis) -> None:
    await redis.set(b"\xff", b"\xfe")
    answers = await asyncio.gather(*(connection.ask([command]) for command in (("GET", "\udcff"), ("ECHO", "a"))))
    assert answers == [["\udcfe"], ["a"]]
    with pytest.raises(UnicodeEncodeError):
        await connection.ask([("ECHO", "\ud800")])
    assert await connection.ask([("ECHO", "a")]) == ["a"]


async def test_what_redis_says_unasked_is_nobodys_answer(connection: Multiplexed, redis: Redis) -> None:
    id, _ = await connection.ask([("CLIENT", "ID"), ("CLIENT", "TRACKING", "ON", "BCAST")])
    for n in range(20):
        await redis.set("key", n)
        assert await connection.ask([("ECHO", str(n)), ("GET", "key")]) == [str(n), str(n)]
    assert await connection.ask([("CLIENT", "ID")]) == [id]


async def test_after_its_end_nobody_is_answered_and_nobody_waits(redis_url: str) -> None:
    async with open_connection(patient(redis_url)) as connection:
        waiting = [asyncio.create_task(connection.ask([("ECHO", "a")])) for _ in range(3)]
        await asyncio.sleep(0)
    async with open_connection(patient(redis_url)) as other:
        await other.ask([("PING",)])
        waiting += [asyncio.create_task(other.ask([("BLPOP", "nothing", 0)])) for _ in range(3)]
        await asyncio.sleep(0)
    waiting += [asyncio.create_task(closed.ask([("PING",)])) for closed in (connection, other)]
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(end) for end in ends} == {NoReply}
