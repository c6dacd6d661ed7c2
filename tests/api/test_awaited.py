"""What a connection may wait for, how many may wait, and what is read of a request that has its answer."""

import asyncio

import pytest

from api.http import LONGEST_HEAD, HttpProtocol
from tests.api.connections import LONG, Served, request, until


def later(seconds: float) -> float:
    """The event loop's time, so many seconds from now."""
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize(
    ("sent", "read", "said"),
    [
        (b"", 0, b""),
        (b"POST /short HT", 0, b"HTTP/1.1 408 "),
        (request("/short", b"half of it")[:-3], 0, b"HTTP/1.1 408 "),
        (request("/other", b"half of it")[:-3], 7, b"HTTP/1.1 408 "),
        (request("/other", b"a" * LONG)[:-3], LONG - 3, b"HTTP/1.1 408 "),
    ],
)
async def test_a_request_that_does_not_come_is_not_waited_for(
    served: Served, sent: bytes, read: int, said: bytes
) -> None:
    async with served.client() as client:
        client.send(sent)
        await until(lambda: len(served.awaited) == 1 and (not sent or began(served)))
        await until(lambda: sum(map(len, served.read)) == read)
        served.awaited.sweep(later(4))
        assert len(served.awaited) == 1
        served.awaited.sweep(later(6))
        answer = await client.rest()
        assert answer.startswith(said)
        assert (b'"TIMEOUT"' in answer) == bool(said)
    await until(lambda: not served.state.connections and not served.state.tasks)


def began(served: Served) -> bool:
    """Whether something of a request is there."""
    [connection] = served.state.connections
    assert isinstance(connection, HttpProtocol)
    return connection.scope is not None


async def test_a_request_that_has_its_answer_gets_no_other_one_when_the_rest_does_not_come(served: Served) -> None:
    async with served.client() as client:
        client.send(request("/unread", b"half of it")[:-3])
        assert (await client.answer())[1] == b"long "
        served.awaited.sweep(later(6))
        assert await client.rest() == b""


async def test_the_rest_of_an_answered_request_is_read_a_piece_at_a_time_and_the_next_one_served(
    served: Served,
) -> None:
    async with served.client() as client:
        whole = request("/unread", b"a" * LONG)
        client.send(whole[:-LONG])
        assert (await client.answer())[1] == b"long "
        [connection] = served.state.connections
        client.send(whole[-LONG:])
        await until(lambda: isinstance(connection, HttpProtocol) and connection.flow.read_paused)
        client.send(request("/short", b"next"))
        assert (await client.answer())[1] == b"short next"


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"POST /short HTTP/1.1\r\nendless: ", id="header"),
        pytest.param(
            b"POST /short HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nendless: ", id="trailer"
        ),
        pytest.param(b"POST /short HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1;endless=", id="chunk extension"),
    ],
)
async def test_what_is_no_body_and_has_no_end_is_not_read_on(served: Served, endless: bytes) -> None:
    async with served.client() as client:
        client.send(endless)
        await until(lambda: began(served))
        client.send(b"a" * (LONGEST_HEAD + 1))
        assert (await client.rest()).startswith(b"HTTP/1.1 431 ")


async def test_a_request_that_has_come_is_worked_on_as_long_as_it_takes(served: Served) -> None:
    served.short.go.clear()
    async with served.client() as client:
        client.send(request("/short", b"a") * 2)
        await until(lambda: served.state.tasks)
        served.awaited.sweep(later(1_000))
        served.short.go.set()
        for _ in range(2):
            assert (await client.answer())[1] == b"short a"
        assert len(served.awaited) == 1
        client.send(request("/short", b"b"))
        assert (await client.answer())[1] == b"short b"
        served.awaited.sweep(later(6))
        assert await client.rest() == b""


async def test_of_too_many_connections_the_one_that_has_waited_longest_gives_way(served: Served) -> None:
    served.short.go.clear()
    async with served.client() as longest:
        await until(lambda: len(served.awaited) == 1)
        async with served.client() as idle, served.client() as busy:
            busy.send(request("/short", b"busy"))
            await until(lambda: len(served.awaited) == 2 and served.state.tasks)
            async with served.client() as new:
                assert await longest.rest() == b""
                served.short.go.set()
                for client, name in ((new, b"new"), (busy, b"busy"), (idle, b"idle")):
                    if client is not busy:
                        client.send(request("/short", name))
                    assert (await client.answer())[1] == b"short " + name


async def test_where_all_connections_are_busy_another_one_is_told_so(served: Served) -> None:
    served.short.go.clear()
    async with served.client() as one, served.client() as two, served.client() as three:
        for client in (one, two, three):
            client.send(request("/short", b"a"))
        await until(lambda: len(served.state.tasks) == 3)
        async with served.client() as late:
            answer = await late.rest()
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b'"UNAVAILABLE"' in answer
        served.short.go.set()
        for client in (one, two, three):
            assert (await client.answer())[1] == b"short a"
