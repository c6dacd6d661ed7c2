"""The short way through HTTP: whatever way a request comes, in order, whole, and by the application where it must."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from api.awaited import Awaited
from api.http import HttpProtocol

LONG = 200_000


@dataclass
class Short:
    """Answers what was sent to `/short`, once `go` is set, and leaves `/refused` to the application."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    answered: int = 0
    is_leaving: bool = False

    def takes(self, scope: Scope) -> bool:
        return scope["path"] in ("/short", "/refused")

    async def answer(self, scope: Scope, body: bytes) -> tuple[bytes, bytes] | None:
        await self.go.wait()
        if scope["path"] == "/refused":
            scope["kept"] = body
            return None
        self.answered += 1
        return b"HTTP/1.1 200 OK\r\nits: own\r\n", b"short " + body


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was sent, or what was read of it already."""
    body, more = scope.get("kept", b""), "kept" not in scope
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    answer = b"long " + body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


class Client:
    """A connection, over which bytes are sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[dict[bytes, bytes], bytes]:
        """The next answer: headers and body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")[:-2]
        assert status == b"HTTP/1.1 200 OK"
        headers = dict(line.split(b": ", 1) for line in lines)
        return headers, await self._reader.readexactly(int(headers[b"content-length"]))

    async def rest(self) -> bytes:
        """What comes until the server closes."""
        return await self._reader.read()

    def leave(self) -> None:
        self._writer.close()


@dataclass
class Served:
    short: Short
    state: ServerState
    port: int
    protocols: list[weakref.ref[HttpProtocol]]
    awaited: Awaited

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield Client(reader, writer)
            finally:
                writer.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    config = uvicorn.Config(application, lifespan="off", log_config=None, server_header=False)
    config.load()
    short, state, awaited = Short(), ServerState(), Awaited(seconds=5, most=3)
    state.default_headers = [(b"date", b"today")]
    short.go.set()
    protocols: list[weakref.ref[HttpProtocol]] = []

    def protocol() -> HttpProtocol:
        made = HttpProtocol(short, awaited, config=config, server_state=state, app_state={})
        protocols.append(weakref.ref(made))
        return made

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield Served(short, state, server.sockets[0].getsockname()[1], protocols, awaited)
        for connection in list(state.connections):
            connection.shutdown()


def held(connection: object) -> bool:
    """Whether it has a request whose body is still to come."""
    return isinstance(connection, HttpProtocol) and connection._held is not None


def unread(connection: object) -> bool:
    """Whether its client leaves so much unread that nothing more is written."""
    return isinstance(connection, HttpProtocol) and connection.flow.write_paused


async def until(holds: Callable[[], object]) -> None:
    """Return once it holds, within ten seconds; AssertionError."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to hold")


def request(path: str, body: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = [b"POST %b HTTP/%b" % (path.encode(), version), b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


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


def later(seconds: float) -> float:
    """The event loop's time, so many seconds from now."""
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", b""),
        (b"POST /short HT", b"HTTP/1.1 408 "),
        (request("/short", b"half of it")[:-3], b"HTTP/1.1 408 "),
        (request("/other", b"half of it")[:-3], b"HTTP/1.1 408 "),
        (request("/other", b"a" * LONG)[:-3], b"HTTP/1.1 408 "),
    ],
)
async def test_a_request_that_does_not_come_is_not_waited_for(served: Served, sent: bytes, said: bytes) -> None:
    async with served.client() as client:
        client.send(sent)
        await until(lambda: len(served.awaited) == 1 and (not sent or began(served)))
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
