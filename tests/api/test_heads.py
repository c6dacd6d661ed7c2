"""Heads that come again: what is known of one changes nothing about any request but what it costs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.heads import LONGEST_KEPT, MOST_KEPT, Heads
from tests.api.connections import Served, request, serving, until

PATHS = ("/short", "/other", "/refused", "/unread")
BODIES = (b"", b"a", b"b", b"\r\n\r\n", b"POST /short HTTP/1.1\r\n\r\n")


def chunked(path: str, body: bytes) -> bytes:
    head = b"POST %b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" % path.encode()
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\nx-late: 1\r\n\r\n"


requests = st.lists(
    st.tuples(st.sampled_from((request, chunked)), st.sampled_from(PATHS), st.sampled_from(BODIES)),
    min_size=1, max_size=12,
)  # fmt: skip


def expected(path: str, body: bytes) -> bytes:
    return (b"short " + body) if path == "/short" else b"long " + (b"" if path == "/unread" else body)


@given(sent=requests, cuts=st.lists(st.integers(1, 400), max_size=20), waits=st.booleans())
def test_however_requests_come_each_has_its_own_answer(
    sent: Sequence[tuple[Callable[[str, bytes], bytes], str, bytes]], cuts: list[int], waits: bool
) -> None:
    """In any pieces: one by one, many in one, or cut anywhere."""

    async def go() -> None:
        async with serving() as served, served.client() as client:
            wholes = [make(path, body) for make, path, body in sent]
            if waits:
                for whole, (_, path, body) in zip(wholes, sent, strict=True):
                    client.send(whole)
                    assert (await client.answer())[1] == expected(path, body)
            else:
                rest = b"".join(wholes)
                for cut in cuts:
                    client.send(rest[:cut])
                    rest = rest[cut:]
                    await asyncio.sleep(0.0002)
                client.send(rest)
                for _, path, body in sent:
                    assert (await client.answer())[1] == expected(path, body)

    asyncio.run(go())


async def test_what_a_known_head_says_is_what_it_said(served: Served) -> None:
    async with served.client() as client:
        for body in (b"a", b"b", b"c"):
            client.send(request("/short", body, b"X-Name: Ada", b"x-name: Zoe"))
            headers, answer = await client.answer()
            assert (headers, answer) == ({b"its": b"own", b"content-length": b"7", b"date": b"today"}, b"short " + body)
    assert len(served.heads) == 1
    first, *others = served.short.headers
    assert (b"x-name", b"Ada") in first
    assert others == [first, first]
    assert others[0] is not first, "whoever changes one changes no other"


@pytest.mark.parametrize(
    "sent",
    [
        chunked("/short", b"a"),
        chunked("/short", b""),
        request("/short", b"a", b"expect: 100-continue"),
        request("/short", b"a", b"connection: upgrade", b"upgrade: h2c"),
        request("/short", b"a", b"connection: close"),
        request("/short", b"a", version=b"1.0"),
        request("/short", b"a", b"x-long: " + b"x" * LONGEST_KEPT),
        request("/short", b"a") + b"POST",
        request("/short", b"a") * 2,
    ],
)
async def test_a_head_that_is_not_all_that_says_what_its_request_is_is_not_kept(served: Served, sent: bytes) -> None:
    async with served.client() as client:
        client.send(sent)
        while not (await client.head()).startswith(b"HTTP/1.1 200 OK"):
            pass
    assert len(served.heads) == 0


@pytest.mark.parametrize("begun", [b"P", b"POST /short HTTP/1.1", b"POST /short HTTP/1.1\r\nhost: x\r\n"])
async def test_a_known_request_behind_another_that_has_begun_is_none(served: Served, begun: bytes) -> None:
    """Or two who read the same bytes, a proxy and we, would not agree whose they are."""
    async with served.client() as client:
        client.send(request("/short", b"a"))
        await client.answer()
        assert len(served.heads) == 1
        client.send(request("/short", b"b") + begun)
        assert (await client.answer())[1] == b"short b"
        client.send(request("/short", b"c"))
        assert (await client.head()).startswith(b"HTTP/1.1 400")
    assert served.short.answered == 2


async def test_a_known_request_that_comes_in_pieces_is_one(served: Served) -> None:
    async with served.client() as client:
        whole = request("/short", b"abc")
        client.send(whole)
        await client.answer()
        for cut in range(1, len(whole)):
            client.send(whole[:cut])
            await asyncio.sleep(0.001)
            client.send(whole[cut:])
            assert (await client.answer())[1] == b"short abc"


async def test_a_request_that_is_known_keeps_its_client_from_being_given_up(served: Served) -> None:
    async with served.client() as client:
        for _ in range(2):
            client.send(request("/short", b"a"))
            await client.answer()
            assert len(served.awaited) == 1
        served.short.go.clear()
        client.send(request("/short", b"a"))
        await until(lambda: not len(served.awaited))
        served.short.go.set()
        await client.answer()


async def test_a_known_request_is_answered_by_a_server_that_stops(served: Served) -> None:
    async with served.client() as client:
        client.send(request("/short", b"a"))
        await client.answer()
        served.short.go.clear()
        client.send(request("/short", b"b"))
        await until(lambda: not len(served.awaited))
        [connection] = served.state.connections
        connection.shutdown()
        served.short.go.set()
        headers, body = await client.answer()
    assert (headers[b"connection"], body) == (b"close", b"short b")


async def test_a_known_request_waits_for_the_answer_to_the_one_before(served: Served) -> None:
    async with served.client() as client:
        for path in ("/short", "/other"):
            client.send(request(path, b"a"))
            await client.answer()
        served.short.go.clear()
        client.send(request("/short", b"1"))
        await until(lambda: not len(served.awaited))
        client.send(request("/other", b"2"))
        await asyncio.sleep(0.05)  # for an answer that comes too early
        served.short.go.set()
        assert [(await client.answer())[1] for _ in range(2)] == [b"short 1", b"long 2"]


@pytest.mark.parametrize("name", [b"transfer-encoding", b"upgrade", b"expect"])
def test_only_a_length_says_how_a_body_ends(name: bytes) -> None:
    heads, data = Heads(), b"POST / HTTP/1.1\r\n%b: x\r\n\r\n" % name
    scope: dict[str, Any] = dict.fromkeys(("method", "path", "raw_path", "query_string", "http_version"), "")
    heads.learn(data, scope | {"headers": [(name, b"x")]}, b"")
    assert len(heads) == 0


def test_the_oldest_makes_room() -> None:
    heads = Heads()
    scope: dict[str, Any] = dict.fromkeys(("method", "path", "raw_path", "query_string", "http_version"), "")
    scope["headers"] = []
    for number in range(MOST_KEPT + 1):
        heads.learn(b"GET /%d HTTP/1.1\r\n\r\n" % number, scope, b"")
    assert len(heads) == MOST_KEPT
    assert heads.find(b"GET /0 HTTP/1.1\r\n\r\n") is None
    assert heads.find(b"GET /1 HTTP/1.1\r\n\r\n")
