"""Queries for queued commands, and the outcome of one."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Final

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import CommandUnknown
from read_model.rows import Row, Rows
from read_model.schema.commands import CommandRow
from read_model.schema.keys import Keys
from read_model.subscription import Subscription
from write_model.contracts.ids import kind_of, made_at
from write_model.contracts.streams import Position, Token, partition_of

LONGEST_TAKE: Final = timedelta(minutes=5)
"""From the moment when a command gets its id to its commit, at the most: others wait for theirs before it, and every
transaction may be tried again for a while. It costs a wait of a second who asks for an id as young that is nobody's.
"""

COMMANDS: Final = Rows("cmd", Keys.command, ("summary", "refusals"))


async def command(reader: Reader, changes: Changes, id: str, *, now: datetime, seconds: float) -> Row | None:
    """The queued command with the id, None where there is none. One round trip for what is there.

    There is no token for a command that was just taken, but its id says when that was: one that may not have come here
    yet is waited for. StaleRead where that takes longer than so many seconds; Unavailable, Busy.
    """
    if kind_of(id) != "cmd":
        return None
    partition = partition_of(id, reader.partitions)
    # A commit's second is MongoDB's, `now` is ours: one second between the two is forgiven.
    known = _at(min(now - LONGEST_TAKE, made_at(id)) + LONGEST_TAKE + timedelta(seconds=1))
    # Asked before each look: only a miss of what had been projected by then is an answer.
    is_last = changes.position(partition) >= known
    row = await COMMANDS.find(reader, id)
    if row or is_last:
        return row
    async with changes.listen((partition,), id) as feed:
        passing = asyncio.create_task(changes.reached(Token.at(known, (partition,)), seconds))
        try:
            while True:
                is_last = passing.done() and passing.result()
                row = await COMMANDS.find(reader, id)
                if row or is_last:
                    return row
                await _news(feed, passing)
        finally:
            passing.cancel()
            await asyncio.gather(passing, return_exceptions=True)


async def _news(feed: Subscription, passing: asyncio.Task[bool]) -> None:
    """Return once the feed has something to say, or the position has been waited for; raises what ends the feed."""
    announced = asyncio.ensure_future(anext(feed))
    try:
        await asyncio.wait({announced, passing}, return_when=asyncio.FIRST_COMPLETED)
        if announced.done():
            announced.result()
    finally:
        announced.cancel()
        await asyncio.gather(announced, return_exceptions=True)


async def command_settled(reader: Reader, changes: Changes, id: str) -> AsyncGenerator[Row, None]:
    """The command once it has its outcome, and nothing more; CommandUnknown, SlowConsumer, Unavailable.

    Close it when done (contextlib.aclosing): it holds a subscription.
    """
    # The feed comes first: whatever happens while the row is read is in one of them, or in both.
    async with changes.subscribe((partition_of(id, reader.partitions),), id) as feed:
        row = await COMMANDS.find(reader, id)
        if row is None:
            raise CommandUnknown(id=id)
        while row is None or CommandRow.decode(row.texts).settled_at is None:
            await anext(feed)
            row = await feed.patiently(lambda: COMMANDS.find(reader, id))
        yield row


def _at(moment: datetime) -> Position:
    return Position.of_commit(int(moment.timestamp()), 0)
