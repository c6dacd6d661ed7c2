"""The short way through HTTP: whatever way a request comes, in order, whole, and by the application where it must."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from api.http import HttpProtocol
from tests.api.connections import LONG, Served, request, until


def held(connection: object) -> bool:
    """Whether it has a request whose body is still to come."""
    return isinstance(connection, HttpProtocol) and connection._held is not None


def unread(connection: object) -> bool:
    """Whether its client leaves so much unread that nothing more is written."""
    return isinstance(connection, HttpProtocol) and connection.flow.write_paused


async def test_an_answer_has_the_headers_that_an_answer_has(served: Served) -> None:
    async with served.client() as client:
        client.send(request("/short", b"a"))
        headers, body = await client.answer()
    assert headers == {b"its": b"own", b"content-length": b"7", b"date": b"today"}
    assert (body, served.short.answered, served.state.total_requests) == (b"short a", 1, 1)


async def test_what_the_short_way_does_not_answer_the_application_does(served: Served) -> None:
    async with served.client() as client:
        for path, body in (("/other", b"long a"), ("/refused", b"long a"), ("/short", b"short a")):
            client.send(request(path, b"a"))
            assert (await client.answer())[1] == body


async def test_a_body_may_come_in_pieces(served: Served) -> None:
    async with served.client() as client:
        for byte in request("/short", b"abc"):
            client.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.answer())[1] == b"short abc"


@pytest.mark.parametrize("path", ["/short", "/other"])
async def test_what_comes_behind_a_body_is_no_header(served: Served, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    async with served.client() as client:
        client.send(head + b"1\r\na\r\n0\r\nx-forwarded-for: 10.0.0.1\r\n\r\n")
        assert (await client.answer())[1].endswith(b" a")
    [headers] = served.short.headers
    assert headers == [(b"host", b"x"), (b"transfer-encoding", b"chunked")]


@pytest.mark.parametrize("path", ["/short", "/refused"])
async def test_a_long_body_is_not_waited_for_and_comes_whole(served: Served, path: str) -> None:
    async with served.client() as client:
        for _ in range(2):
            client.send(request(path, b"a" * LONG))
            assert (await client.answer())[1] == b"long " + b"a" * LONG
        client.send(request("/short", b"b"))
        assert (await client.answer())[1] == b"short b"


async def test_requests_that_do_not_wait_are_answered_in_order(served: Served) -> None:
    served.short.go.clear()
    async with served.client() as client:
        paths = ["/short", "/other", "/refused", "/short", "/short", "/other"]
        client.send(b"".join(request(path, b"%d" % n) for n, path in enumerate(paths)))
        await until(lambda: served.state.tasks)
        served.short.go.set()
        answers = [(await client.answer())[1] for _ in paths]
    assert answers == [b"short 0", b"long 1", b"long 2", b"short 3", b"short 4", b"long 5"]


async def test_who_expects_to_be_told_to_go_on_is_told(served: Served) -> None:
    async with served.client() as client:
        head, body = request("/short", b"abc", b"expect: 100-continue").split(b"abc")
        client.send(head)
        assert await client._reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"abc" + body)
        assert (await client.answer())[1] == b"long abc"


@pytest.mark.parametrize(("version", "headers"), [(b"1.1", [b"connection: close"]), (b"1.0", [])])
async def test_the_last_answer_says_so_and_closes(served: Served, version: bytes, headers: list[bytes]) -> None:
    async with served.client() as client:
        client.send(request("/short", b"a", *headers, version=version))
        found, body = await client.answer()
        assert (found[b"connection"], body) == (b"close", b"short a")
        assert await client.rest() == b""


async def test_a_client_that_has_left_is_no_fault(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.short.go.clear()
    async with served.client() as leaving, served.client() as impatient:
        leaving.send(request("/short", b"a"))
        impatient.send(request("/short", b"half of it")[:-3])
        await until(lambda: served.state.tasks and any(held(one) for one in served.state.connections))
        leaving.leave()
        impatient.leave()
        await until(lambda: not served.state.connections)
        served.short.go.set()
    async with served.client() as client:
        client.send(request("/short", b"b"))
        assert (await client.answer())[1] == b"short b"
    await until(lambda: not served.state.tasks)
    assert not caplog.records


async def test_who_is_answered_by_a_process_that_leaves_finds_another_one(served: Served) -> None:
    served.short.go.clear()
    async with served.client() as client:
        client.send(request("/short", b"a"))
        await until(lambda: served.state.tasks)
        served.short.is_leaving = True
        served.short.go.set()
        headers, body = await client.answer()
        assert (headers[b"connection"], body) == (b"close", b"short a")
        assert await client.rest() == b""


async def test_a_connection_that_waits_for_the_next_request_keeps_nothing_of_the_last(served: Served) -> None:
    async with served.client() as client:
        client.send(request("/short", b"a" * 60_000))
        await client.answer()
        [connection] = served.state.connections
        assert isinstance(connection, HttpProtocol)
        assert not connection.cycle.body


async def test_a_client_that_does_not_read_is_waited_for(served: Served) -> None:
    async with served.client() as client:
        client.send(request("/short", b"a" * 60_000) * 300)
        await until(lambda: any(unread(one) for one in served.state.connections))
        assert served.short.answered < 300
        for _ in range(300):
            assert len((await client.answer())[1]) == 60_006


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nobody looks for circles meanwhile."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("sent", [request("/short", b"a"), request("/refused", b"a"), request("/short", b"half")[:-2]])
async def test_a_connection_that_is_over_leaves_nothing_behind(served: Served, uncollected: None, sent: bytes) -> None:
    async with served.client() as client:
        client.send(sent)
        if sent.endswith(b"ha"):
            await until(lambda: any(held(one) for one in served.state.connections))
        else:
            await client.answer()
        assert served.protocols[0]() is not None
    await until(lambda: served.protocols[0]() is None)


async def test_a_request_that_is_still_coming_when_the_server_stops_is_the_applications(served: Served) -> None:
    async with served.client() as client:
        whole = request("/short", b"half of it")
        client.send(whole[:-3])
        await until(lambda: any(held(one) for one in served.state.connections))
        [connection] = served.state.connections
        connection.shutdown()
        assert len(served.state.tasks) == 1
        client.send(whole[-3:])
        headers, body = await client.answer()
        assert (headers[b"connection"], body) == (b"close", b"long half of it")
