"""A partition's feed: it ends at the position, and says every change of an order once, version by version."""

from collections.abc import Awaitable, Set
from typing import Any, Final, cast

from redis.asyncio import Redis

from read_model.schema.changes import CHANGE, decode_changes
from read_model.schema.keys import feed_key
from stack.verify.findings import Findings
from write_model.contracts.envelope import event_id
from write_model.contracts.streams import Position

_PAGE: Final = 5_000


async def verify_feed(
    redis: Redis, position: Position, partition: int, discarded: Set[str], findings: Findings
) -> None:
    """While the partition is held at the position. Nothing was told of the versions that were given up."""
    where = f"partition {partition}, feed"
    versions: dict[str, int] = {}
    last, start = None, "-"
    while True:
        page = await cast(
            "Awaitable[list[tuple[bytes, dict[bytes, bytes]]]]",
            redis.xrange(feed_key(partition), start, "+", count=_PAGE),
        )
        for id, fields in page:
            last = Position.parse(id.decode())
            _check(where, last, fields, versions, discarded, findings)
        if len(page) < _PAGE:
            break
        start = f"({last}"
    if last != position:
        findings.add(where, f"it ends at {last}, the partition is at {position}")


def _check(
    where: str, at: Position, fields: Any, versions: dict[str, int], discarded: Set[str], findings: Findings
) -> None:
    try:
        changes = decode_changes(fields.get(CHANGE.encode(), b"").decode())
    except ValueError as error:
        findings.add(where, f"the entry at {at} cannot be read: {error}")
        return
    for change in changes:
        id, version = change.about, change.version
        expected = versions.get(id, version - 1) + 1
        while event_id(id, expected) in discarded:
            expected += 1
        if version != expected:
            findings.add(where, f"at {at} it tells of version {version} of {id}, after {expected - 1}")
        versions[id] = version
