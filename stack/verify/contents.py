"""Two Redis keys compared by what they say, in words, and in memory that does not grow with them."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis

from read_model.schema.customers import CustomerRow
from read_model.schema.history import Remembered, decode
from read_model.schema.orders import OrderSummary
from read_model.schema.products import ProductRow

_HISTORY: Final = "order-history:"
_WINDOW: Final = 5_000
"""Members of a sorted set that are read at once."""
_FEW: Final = 100
_LONGEST: Final = 200
"""Characters of a value that are shown."""
_SUMMARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "order": OrderSummary._fields,
    "customer": CustomerRow._fields,
    "product": ProductRow._fields,
}
"""The leaves of the field `summary`, by kind of row."""

Member = tuple[float, bytes]


class Pair(NamedTuple):
    """The key that is `shown` and the one that was `made` of the journal, both there; `rest` is what both end with."""

    rest: str
    shown: str
    made: str
    kinds: tuple[str, str]


async def unequal(redis: Redis, pairs: Sequence[Pair]) -> list[Pair]:
    """Those that need a closer look: rows and short lists, which are most, are compared as they are, all at once."""
    async with redis.pipeline(transaction=False) as pipeline:
        for pair in pairs:
            for key, kind in zip((pair.shown, pair.made), pair.kinds, strict=True):
                if kind == "hash":
                    pipeline.hgetall(key)
                elif kind == "zset":
                    pipeline.zrange(key, 0, _FEW, withscores=True)
                elif kind == "list":
                    pipeline.lrange(key, 0, -1)
                else:
                    pipeline.exists(key)
        replies = await pipeline.execute()
    return [
        pair
        for pair, ours, theirs in zip(pairs, replies[::2], replies[1::2], strict=True)
        if not (
            pair.kinds[0] == pair.kinds[1]
            and ours == theirs
            and (pair.kinds[0] in ("hash", "list") or (pair.kinds[0] == "zset" and len(ours) <= _FEW))
        )
    ]


async def differences(redis: Redis, pair: Pair) -> AsyncIterator[str]:
    """What differs between the two. `redis` answers bytes."""
    rest, shown, made, kinds = pair
    if set(kinds) <= {"string", "set"} and rest.startswith("products:with:"):
        # A set of few numbers, a bitmap of many; which of the two depends on the way there.
        ours, theirs = [await _numbers(redis, key, kind) for key, kind in zip((shown, made), kinds, strict=True)]
        for number in sorted(ours ^ theirs):
            yield f"number {number} is {'in it, and should not be' if number in ours else 'missing'}"
    elif kinds[0] != kinds[1]:
        yield f"it is a {kinds[0]}, and should be a {kinds[1]}"
    elif kinds[0] == "zset":
        async for difference in _sorted_differences(redis, shown, made):
            yield difference
    elif kinds[0] == "hash":
        fields = [await _hash(redis, key) for key in (shown, made)]
        for difference in _hash_differences(rest.partition(":")[0], *fields):
            yield difference
    elif kinds[0] == "list" and rest.startswith(_HISTORY):
        for difference in _history_differences(*[await _history(redis, key) for key in (shown, made)]):
            yield difference
    else:
        values = [await _value(redis, key, kinds[0]) for key in (shown, made)]
        if values[0] != values[1]:
            yield f"it is {_text(values[0])}, the journal says {_text(values[1])}"


async def is_empty(redis: Redis, key: str, kind: str) -> bool:
    """Whether the key says no more than one that is not there: a bitmap in which no bit is set."""
    return kind == "string" and ":products:with:" in key and not await redis.bitcount(key)


async def _hash(redis: Redis, key: str) -> dict[bytes, bytes]:
    return await cast("Awaitable[dict[bytes, bytes]]", redis.hgetall(key))


def _hash_differences(kind: str, shown: Mapping[bytes, bytes], made: Mapping[bytes, bytes]) -> Iterator[str]:
    for name in sorted(shown.keys() | made.keys()):
        ours, theirs = shown.get(name), made.get(name)
        if ours == theirs:
            continue
        field = name.decode(errors="replace")
        if ours is None or theirs is None:
            yield f"field {field} is {'missing' if ours is None else 'there, and should not be'}"
            continue
        before, after = ours.split(b"\n"), theirs.split(b"\n")
        leaves = _SUMMARIES.get(kind, ()) if field == "summary" else ()
        if len(before) != len(after) or len(before) == 1:
            yield f"field {field} is {_text(ours)}, the journal says {_text(theirs)}"
            continue
        for number, (leaf, right) in enumerate(zip(before, after, strict=True)):
            if leaf != right:
                called = leaves[number] if number < len(leaves) else f"{field}, value {number + 1},"
                yield f"{called} is {_text(leaf)}, the journal says {_text(right)}"


async def _sorted_differences(redis: Redis, shown: str, made: str) -> AsyncIterator[str]:
    """By merging both in their order, window by window."""
    ours, theirs = _members(redis, shown), _members(redis, made)
    mine, right = await anext(ours, None), await anext(theirs, None)
    while mine or right:
        if mine == right:
            mine, right = await anext(ours, None), await anext(theirs, None)
        elif right is None or (mine is not None and mine < right):
            assert mine is not None
            yield f"member {_text(mine[1])} is in it with {mine[0]:g}, and should not be"
            mine = await anext(ours, None)
        else:
            yield f"member {_text(right[1])} is missing, with {right[0]:g}"
            right = await anext(theirs, None)


async def _members(redis: Redis, key: str) -> AsyncIterator[Member]:
    first = 0
    while True:
        window = await cast(
            "Awaitable[list[tuple[bytes, float]]]", redis.zrange(key, first, first + _WINDOW - 1, withscores=True)
        )
        for member, score in window:
            yield float(score), member
        if len(window) < _WINDOW:
            return
        first += _WINDOW


async def _history(redis: Redis, key: str) -> dict[int, Remembered | None]:
    """The events of an order's history, by version; None for an element that cannot be read.

    Another build of the library deflates the same event to other bytes.
    """
    row = key.replace(f":{_HISTORY}", ":order:")
    summary = await cast("Awaitable[bytes | None]", redis.hget(row, "summary"))
    customer_id = OrderSummary.decode(summary.decode()).customer_id if summary else ""
    found: dict[int, Remembered | None] = {}
    for number, element in enumerate(await cast("Awaitable[list[bytes]]", redis.lrange(key, 0, -1)), 1):
        try:
            remembered = decode(element, customer_id)
            found[remembered.version] = remembered
        except (ValueError, zlib.error):
            found[number] = None
    return found


def _history_differences(
    shown: Mapping[int, Remembered | None], made: Mapping[int, Remembered | None]
) -> Iterator[str]:  # fmt: skip
    for version in sorted(shown.keys() | made.keys()):
        if version not in made:
            yield f"the event of version {version} is in it, and should not be"
        elif version not in shown:
            yield f"the event of version {version} is missing"
        elif shown[version] != made[version]:
            yield f"the event of version {version} is {_text(shown[version])}, the journal says {_text(made[version])}"


async def _numbers(redis: Redis, key: str, kind: str) -> set[int]:
    if kind == "set":
        return {int(number) for number in await cast("Awaitable[set[bytes]]", redis.smembers(key))}
    bits = cast("bytes", await redis.get(key)) or b""
    return {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte & 0x80 >> bit}


async def _value(redis: Redis, key: str, kind: str) -> Any:
    match kind:
        case "string":
            return await redis.get(key)
        case "set":
            return sorted(await cast("Awaitable[set[bytes]]", redis.smembers(key)))
        case "stream":
            return [fields for _, fields in await cast("Awaitable[list[Any]]", redis.xrange(key))]
        case _:
            return kind


def _text(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else repr(value)
    text = text.replace("\0", "\\0").replace("\n", "\\n")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
