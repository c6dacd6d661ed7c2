"""What is new for a partition: the next entries of its stream, and what its projector is asked to do."""

from collections.abc import Awaitable, Mapping
from typing import Any, cast

from redis.asyncio import Redis

from projector.incoming import Entry
from projector.reaching import reaching_redis
from projector.retrying import Asked
from read_model.schema.keys import requests_key
from write_model.contracts.streams import MOST_TOGETHER, Position, events_key

_Raw = list[tuple[str, Mapping[str, str]]]


async def read_news(
    redis: Redis, partition: int, after: Position, *, count: int, block_ms: int | None, with_requests: bool
) -> tuple[list[Entry], list[Asked]]:
    """About `count` entries after the position, and requests; none where none came in time, or is there (None).

    Entries end with a whole commit, up to MOST_TOGETHER: it shows at once. So does what relays find in the journal
    alone: it has the positions of one commit beyond the tokens that writers got, and is there when those are reached.
    Where there are requests, nothing is waited for. Unavailable.
    """
    events, requests = events_key(partition), requests_key(partition)
    where: dict[Any, Any] = {events: str(after), requests: "0"} if with_requests else {events: str(after)}
    async with reaching_redis(blocking_ms=block_ms or 0):
        found: dict[str, _Raw] = dict(await cast("Awaitable[Any]", redis.xread(where, count + 1, block_ms)))
    entries = [(Position.parse(id), fields) for id, fields in found.get(events, ())]
    if len(entries) > count:
        following, _ = entries.pop()
        if following.cluster_time == entries[-1][0].cluster_time:
            entries += await _rest_of_commit(redis, events, following, MOST_TOGETHER - count)
    return entries, [Asked.of(id, fields) for id, fields in found.get(requests, ())]


async def _rest_of_commit(redis: Redis, events: str, start: Position, most: int) -> list[Entry]:
    async with reaching_redis():
        rest = await cast("Awaitable[_Raw]", redis.xrange(events, str(start), str(start.end_of_commit), count=most))
    return [(Position.parse(id), fields) for id, fields in rest]
