"""The load reads what it gets: over HTTP an answer counts by its body, over WebSocket a message by its type."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

import pytest

from tests.bench.cases import CASES, OURS, RAW
from tests.bench.listeners import cut_frames, frame
from tests.bench.load import drive, http_request

GOOD = b'{"data": {"order": {"lines": [{"lineTotal": {"amount": "1.00"}}]}}}'
ORDER = next(case for case in CASES if case.name == "order")


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[str]:
    """A server that gives these answers in turn, whatever is asked; its URL."""
    turns = cycle(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            if not (answer := next(turns)):
                break
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


def http_answer(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d Said\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


def chunked(*parts: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks


async def load(answers: Sequence[bytes], requests: int) -> tuple[int, int, bytes]:
    """Answers that were good, answers that were not, and the first of those."""
    async with answering(*answers) as url:
        request = http_request(url, b"{}", None)
        outcome = await drive(url, iter([request] * requests), ORDER.judge(OURS), connections=2, seconds=20)
    return len(outcome.latencies), outcome.errors, outcome.example


async def test_every_request_is_answered_once() -> None:
    assert await load([http_answer(GOOD)], 7) == (7, 0, b"")


async def test_an_answer_in_pieces_is_one_answer() -> None:
    assert await load([chunked(GOOD[:10], GOOD[10:])], 4) == (4, 0, b"")


@pytest.mark.parametrize(
    "bad",
    [
        http_answer(b'{"data": {"order": null}}'),
        http_answer(GOOD[:-1] + b', "errors": [{"message": "no"}]}'),
        http_answer(GOOD, status=500),
    ],
    ids=["null", "errors beside data", "status"],
)
async def test_what_is_no_answer_counts_as_an_error_whatever_its_speed(bad: bytes) -> None:
    good, errors, example = await load([http_answer(GOOD), bad], 6)
    assert (good, errors) == (3, 3)
    assert example


async def test_a_connection_that_is_closed_is_an_error() -> None:
    assert await load([b""], 2) == (0, 2, b"0 the connection was closed, or there was no answer in time")


@asynccontextmanager
async def slow(seconds: float) -> AsyncIterator[str]:
    """A server that takes so long for each answer; its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"{}"):
                await asyncio.sleep(seconds)
                writer.write(http_answer(GOOD))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


async def test_an_answer_after_the_load_is_late_and_no_error() -> None:
    async with slow(0.5) as url:
        request = http_request(url, b"{}", None)
        outcome = await drive(url, cycle([request]), ORDER.judge(OURS), connections=2, seconds=0.1)
    assert (outcome.latencies, outcome.late, outcome.errors, outcome.seconds) == ([], 2, 0, 0.1)


async def test_an_answer_that_nobody_waits_for_any_more_is_an_error() -> None:
    async with slow(2.0) as url:
        request = http_request(url, b"{}", None)
        outcome = await drive(url, cycle([request]), ORDER.judge(OURS), connections=2, seconds=0.1, patience=0.1)
    assert (outcome.latencies, outcome.late, outcome.errors) == ([], 0, 2)


async def test_at_a_given_rate_a_latency_begins_when_the_request_is_due() -> None:
    async with slow(0.2) as url:
        requests = cycle([http_request(url, b"{}", None)])
        outcome = await drive(url, requests, ORDER.judge(OURS), connections=1, seconds=0.3, rate=10)
    assert (len(outcome.latencies), outcome.late, outcome.errors) == (3, 0, 0)
    # Due at 0.0, 0.1 and 0.2, answered at 0.2, 0.4 and 0.6 at the earliest.
    assert all(latency >= least for latency, least in zip(outcome.latencies, (0.19, 0.29, 0.39), strict=True))


async def test_requests_at_a_given_rate_wait_until_they_are_due() -> None:
    async with answering(http_answer(GOOD)) as url:
        requests = cycle([http_request(url, b"{}", None)])
        outcome = await drive(url, requests, ORDER.judge(OURS), connections=4, seconds=0.3, rate=20)
    assert (len(outcome.latencies), outcome.errors) == (6, 0)
    assert outcome.seconds >= 0.25


async def test_what_was_due_and_never_sent_is_an_error() -> None:
    async with slow(1.0) as url:
        requests = cycle([http_request(url, b"{}", None)])
        outcome = await drive(url, requests, ORDER.judge(OURS), connections=1, seconds=0.2, rate=50, patience=0.1)
    assert (outcome.latencies, outcome.errors) == ([], 10)


def test_a_server_that_answers_something_else_is_judged_by_that() -> None:
    judge = ORDER.judge(RAW)
    assert judge(b'{"data":{"hello":"world"}}')
    assert not judge(GOOD)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_any_length_are_taken_off_the_front_and_a_part_of_one_stays(size: int) -> None:
    extended = 2 if size < 65_536 else 8
    length = bytes([size]) if size < 126 else bytes([126 if extended == 2 else 127]) + size.to_bytes(extended, "big")
    whole = b"\x81" + length + b"x" * size
    data = bytearray(whole + b"\x89\x00" + whole[:-1])
    assert cut_frames(data) == [(1, b"x" * size), (9, b"")]
    assert data == whole[:-1]


def test_a_frame_that_is_sent_can_be_read_with_its_mask_of_zeros() -> None:
    sent = frame({"type": "connection_init"})
    assert sent[:2] == bytes([0x81, 0x80 | len(sent) - 6])
    assert sent[2:6] == bytes(4)
    assert sent[6:] == b'{"type": "connection_init"}'
    assert frame({"query": "x" * 200})[1] == 0x80 | 126
