"""What is parked, as an operator asks for it, whatever state the read model is in."""

import asyncio
import socket
from typing import cast

import pytest
from redis.asyncio import Redis

from read_model import parked
from read_model.connection import Reader
from read_model.errors import BadCursor, NoReply
from read_model.pages import PageRequest
from read_model.parked import (
    ParkedEvent,
    find_parked,
    parked_behind,
    parked_events,
    parked_page,
    parked_queue,
    parked_queues,
)
from read_model.requests import open_parking
from read_model.schema.keys import Keys, answer_key, requests_key
from read_model.schema.parked import REASON, queue_of
from read_model.schema.requests import Answer, Ask, Outcome, Request
from read_model.settings import ReadSettings
from tests.read_model.conftest import settings_for
from tests.read_model.projected import PARTITIONS, Projected, make_id
from write_model.contracts.given_up import member_of, place_of
from write_model.contracts.streams import Position, partition_of, projected_key

ORDER, OTHER = make_id("ord", 1), make_id("ord", 2)


def at(number: int) -> Position:
    return Position(1_700_000_000_000 + number, number << 20)


async def park(redis: Redis, id: str, number: int, version: int, reason: str = "behind", generation: int = 1) -> None:
    """Park an event as the projector does."""
    keys = Keys(partition_of(id, PARTITIONS), generation)
    fields = {"type": "OrderHeld", "aggregate": id, "version": str(version), REASON: reason}
    await redis.zadd(keys.parked(), {member_of(id, at(number)): 0})
    await redis.hset(keys.parked_event(at(number)), mapping=dict(fields.items()))


@pytest.mark.parametrize("id", [ORDER, "", "odd\0name"])
def test_a_member_says_where_the_event_stands(id: str) -> None:
    assert place_of(member_of(id, at(7))) == (id, at(7))


def test_members_of_a_queue_lie_in_its_bounds_by_position_and_no_others_do() -> None:
    positions = [Position(9, 2**52), Position(10, 1), Position(10, 2), Position(100, 0), Position(2**52, 2**52)]
    members = [member_of(ORDER, position) for position in positions]
    assert sorted(members) == members
    first, last = (bound[1:] for bound in queue_of(ORDER, positions[0]))
    assert all(first <= member < last for member in members)
    for other in (OTHER, ORDER[:-1], ORDER + "0", ""):
        assert not first <= member_of(other, positions[0]) < last


async def test_each_queue_shows_its_head_and_how_many_wait(reader: Reader, projected: Projected, redis: Redis) -> None:
    await park(redis, OTHER, 5, 2, "why not")
    for number, version in ((2, 3), (3, 4), (1, 2)):
        await park(redis, ORDER, number, version, "broken" if version == 2 else "behind")
    keys = Keys(0, 1)
    for number in (8, 9):
        await redis.zadd(keys.parked(), {member_of("", at(number)): 0})
        await redis.hset(keys.parked_event(at(number)), mapping={REASON: "nameless"})
    queues = await parked_queues(reader)
    assert [(q.head.event_id, q.head.position, q.head.reason, q.behind) for q in queues] == [
        (f"{ORDER}@2", at(1), "broken", 2),
        (f"{OTHER}@2", at(5), "why not", 0),
        (None, at(8), "nameless", 0),
        (None, at(9), "nameless", 0),
    ]
    assert await parked_events(reader) == 6


async def test_a_parked_event_is_found_by_position_id_or_aggregate(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    for number, version in ((1, 2), (2, 3), (3, 4)):
        await park(redis, ORDER, number, version)
    found = await find_parked(reader, f"{ORDER}@3")
    assert found == await find_parked(reader, str(at(2)))
    assert found == ParkedEvent(
        partition_of(ORDER, PARTITIONS),
        at(2),
        ORDER,
        "behind",
        {"type": "OrderHeld", "aggregate": ORDER, "version": "3"},
    )
    head = await find_parked(reader, ORDER)
    assert head is not None
    assert [event.version for event in await parked_queue(reader, head)] == [2, 3, 4]
    for nothing in (f"{ORDER}@9", OTHER, f"{OTHER}@2", "1-1", "nonsense", "", "cus_x@1"):
        assert await find_parked(reader, nothing) is None


async def test_more_than_a_page_is_read_whole(
    reader: Reader, projected: Projected, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked, "PAGE", 3)
    for number in range(10):
        await park(redis, ORDER, number, number + 2)
        await park(redis, make_id("ord", number), 100 + number, 1)
    queues = await parked_queues(reader)
    assert [queue.behind for queue in queues] == [9, *[0] * 10]
    assert [event.version for event in await parked_queue(reader, queues[0].head)] == list(range(2, 12))


async def test_only_the_generation_that_serves_counts_also_before_it_is_complete(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    await park(redis, ORDER, 1, 2, generation=7)
    assert await parked_events(reader) == 0
    await redis.hset(projected_key(partition_of(ORDER, PARTITIONS)), "generation", 7)
    await redis.hdel(projected_key(partition_of(ORDER, PARTITIONS)), "complete")
    assert await parked_events(reader) == 1
    await redis.flushall()
    assert await parked_events(reader) == 0


async def test_a_request_goes_into_its_partitions_stream_and_its_answer_is_found(
    settings: ReadSettings, redis: Redis
) -> None:
    request = Request(Ask.DISCARD, ORDER, at(3))
    async with open_parking(settings) as (_, requests):
        id = await requests.ask(2, request)
        [(stored, fields)] = cast("list[tuple[str, dict[str, str]]]", await redis.xrange(requests_key(2)))
        assert (stored, Request.decode(fields)) == (id, request)
        assert await requests.answer(2, id) == Answer(None, 0)
        answer = Answer(Outcome.STUCK, 3, True, at(4), "broken: \udcff")
        await redis.hset(answer_key(2, id), mapping={**dict(answer.encode().items()), "projected": 3})
        assert await requests.answer(2, id) == answer._replace(reason="broken: \\udcff")


async def test_bytes_that_are_no_text_are_shown_to_operators(settings: ReadSettings, redis: Redis) -> None:
    keys = Keys(0, 1)
    await redis.zadd(keys.parked(), {member_of("", at(1)): 0})
    await redis.hset(keys.parked_event(at(1)), mapping={b"odd": b"\xff", REASON: "why"})
    async with open_parking(settings) as (reader, _):
        [queue] = await parked_queues(reader)
    assert queue.head.entry == {"odd": "\udcff"}


async def test_a_redis_that_is_not_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with open_parking(settings_for(f"redis://127.0.0.1:{port}")) as (reader, requests):
        for attempt in (
            parked_queues(reader),
            requests.ask(0, Request(Ask.RETRY, ORDER)),
            requests.answer(0, "1-1"),
        ):
            with pytest.raises(NoReply):
                await asyncio.ensure_future(attempt)


async def test_queues_are_shown_page_by_page(reader: Reader, projected: Projected, redis: Redis) -> None:
    ids = sorted([ORDER, OTHER, *(make_id("ord", 1, second) for second in (50, 60))])
    for number, id in enumerate(ids, 1):
        for version in range(2, 2 + number):
            await park(redis, id, 10 * number + version, version)
    for number in (8, 9):
        await redis.zadd(Keys(0, 1).parked(), {member_of("", at(number)): 0})
        await redis.hset(Keys(0, 1).parked_event(at(number)), mapping={REASON: "nameless"})
    shown: list[tuple[str, int]] = []
    after: str | None = None
    for left in (6, 4, 2):
        page = await parked_page(reader, PageRequest(first=2, after=after))
        shown += [(queue.head.aggregate_id, queue.behind) for queue in page.rows]
        assert (page.total_count, page.has_next, page.has_previous) == (12, left > 2, left < 6)
        after = page.end_cursor
    by_partition = sorted(ids, key=lambda order: (partition_of(order, PARTITIONS), order))
    assert shown == [("", 0), ("", 0), *((id, ids.index(id)) for id in by_partition)]
    assert (await parked_page(reader, PageRequest(first=2, after=after))).rows == ()
    with pytest.raises(BadCursor):
        await parked_page(reader, PageRequest(after="garbage"))


async def test_a_cursor_goes_on_when_its_event_is_parked_no_more(
    reader: Reader, projected: Projected, redis: Redis
) -> None:
    for number, id in enumerate((ORDER, OTHER), 1):
        await park(redis, id, number, 2)
        await park(redis, id, number + 10, 3)
    page = await parked_page(reader, PageRequest(first=1))
    head = page.rows[0].head
    await redis.zrem(Keys(head.partition, 1).parked(), member_of(head.aggregate_id, head.position))
    [queue] = (await parked_page(reader, PageRequest(first=5, after=page.end_cursor))).rows
    assert queue.head.aggregate_id != head.aggregate_id


async def test_how_many_wait_behind_an_event_is_counted(reader: Reader, projected: Projected, redis: Redis) -> None:
    for number in (1, 2, 3):
        await park(redis, ORDER, number, number + 1)
    counts = []
    for version in (2, 3, 4):
        event = await find_parked(reader, f"{ORDER}@{version}")
        assert event is not None
        counts.append(await parked_behind(reader, event))
    assert counts == [2, 1, 0]
