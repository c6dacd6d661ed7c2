"""Every change of many orders, from a cursor on: those that the feeds still have, then live ones, each once.

A change has one place for ever: its partition, and the position of its event there. So a cursor is a position for
each partition that is followed, and what Redis lost and the projector announces again is told from what is new.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple, Self

from read_model.changes import Changes
from read_model.connection import Command, Reader, Replies
from read_model.errors import BadCursor, CursorExpired
from read_model.schema.changes import OrderChanged
from read_model.schema.keys import Keys, feed_key
from read_model.subscription import Announced, Resync, Subscription
from write_model.contracts.streams import InvalidToken, Position, Token, partition_of, projected_key

PAGE: Final = 200
"""Feed entries of a partition that are read at once."""
LARGEST: Final = 2**63 - 1
"""Of the numbers in a position, in Redis."""

Entry = tuple[str, Mapping[str, str]]


class Followed(NamedTuple):
    """A change, and the cursor after which everything that follows it comes."""

    cursor: str
    change: OrderChanged


class OrderFeed:
    """One subscriber's place in the feeds of the partitions that they follow."""

    def __init__(
        self,
        reader: Reader,
        changes: Changes,
        positions: dict[int, Position],
        customer_id: str | None,
        statuses: Collection[str],
    ) -> None:
        self._reader = reader
        self._changes = changes
        self._positions = positions
        """By partition: every wanted change up to there has been handed out."""
        self._customer_id = customer_id
        self._statuses = frozenset(statuses)

    @classmethod
    async def open(
        cls,
        reader: Reader,
        changes: Changes,
        *,
        customer_id: str | None = None,
        statuses: Collection[str] = (),
        after: str | None = None,
    ) -> Self:
        """The changes of all orders or of one customer's, into any status or these; from now on, or after a cursor.

        BadCursor, CursorExpired, Unavailable. One round trip.
        """
        partitions = range(reader.partitions) if customer_id is None else [partition_of(customer_id, reader.partitions)]
        asked = _positions_of(after, partitions, reader.partitions) if after is not None else None
        replies = await reader.read(dict.fromkeys(partitions, _state))
        now = {partition: Position.parse(stored) for partition, (stored, _) in replies.items()}
        feed = cls(reader, changes, asked or now, customer_id, statuses)
        for partition, state in replies.items():
            feed._check(partition, *state)
        return feed

    async def follow(self) -> AsyncGenerator[Followed, None]:
        """The changes, in order per partition, without end; CursorExpired, SlowConsumer, Unavailable.

        Close it when done (contextlib.aclosing): it holds a subscription.
        """
        # As slowly as the client likes: nothing waits in a buffer meanwhile.
        async with aclosing(self._replay()) as missed:
            async for followed in missed:
                yield followed
        async with self._changes.subscribe(self._positions, self._wants) as feed:
            # The followers offer what they hear from here on: what they have heard before must come from the feeds.
            async with aclosing(self._replay(feed)) as missed:
                async for followed in missed:
                    yield followed
            async for item in feed:
                if isinstance(item, Resync):
                    async with aclosing(self._replay(feed)) as missed:
                        async for followed in missed:
                            yield followed
                elif self._wants(item):
                    self._positions[item.partition] = item.position
                    if feed.is_drained:
                        self._catch_up()
                    yield self._followed(item)

    def _wants(self, announced: Announced) -> bool:
        change = announced.change
        return (
            # Redis that is refilled announces its whole past.
            announced.position > self._positions[announced.partition]
            and isinstance(change, OrderChanged)
            and self._customer_id in (None, change.customer_id)
            and (not self._statuses or change.status in self._statuses)
        )

    def _wanted(self, partition: int, id: str, fields: Mapping[str, str]) -> Announced | None:
        try:
            announced = Announced.of(partition, id, fields)
        except ValueError:
            return None  # a newer projector may say what we do not know
        return announced if announced and self._wants(announced) else None

    def _catch_up(self) -> None:
        """Nothing that was offered waits, so the cursor may be where the followers are.

        One that stood still where nobody's orders change would expire without need.
        """
        for partition, position in self._positions.items():
            self._positions[partition] = max(position, self._changes.position(partition))

    async def _replay(self, feed: Subscription | None = None) -> AsyncGenerator[Followed, None]:
        """What the feeds have above the positions, page by page; as far as the followers had heard at least."""
        heard = {partition: self._changes.position(partition) for partition in self._positions} if feed else {}
        more = True
        while more:
            more = False
            pages = await (feed.patiently(self._page) if feed else self._page())
            for partition, (stored, entries, oldest) in pages.items():
                self._check(partition, stored, oldest)
                for id, fields in entries:
                    announced = self._wanted(partition, id, fields)
                    self._positions[partition] = Position.parse(id)
                    if announced:
                        yield self._followed(announced)
                if len(entries) == PAGE:
                    more = True
                else:
                    self._positions[partition] = max(self._positions[partition], Position.parse(stored))
            if feed and not more and self._is_behind(heard):
                # Redis went back, and its follower may not have noticed: it would never offer what is announced again.
                more = True
                await feed.pause()

    def _is_behind(self, heard: Mapping[int, Position]) -> bool:
        return any(self._positions[p] < min(heard[p], self._changes.position(p)) for p in self._positions)

    async def _page(self) -> dict[int, Replies]:
        def above(keys: Keys) -> list[Command]:
            # What was announced up to the stored position is in the entries that are read after it; and what is there
            # at last was there before.
            position, feed = self._positions[keys.partition], feed_key(keys.partition)
            stored, oldest = _state(keys)
            return [stored, ("XRANGE", feed, f"({position}", "+", "COUNT", PAGE), oldest]

        return await self._reader.read(dict.fromkeys(self._positions, above))

    def _check(self, partition: int, stored: str, oldest: Sequence[Entry]) -> None:
        """CursorExpired unless the feed has everything above our position: an entry that is no newer proves that."""
        first = oldest[0][0] if oldest else stored
        if Position.parse(first) > self._positions[partition]:
            raise CursorExpired

    def _followed(self, announced: Announced) -> Followed:
        change = announced.change
        assert isinstance(change, OrderChanged)
        return Followed(Token(tuple(self._positions.items())).encode(), change)


def _state(keys: Keys) -> list[Command]:
    feed = feed_key(keys.partition)
    return [("HGET", projected_key(keys.partition), "position"), ("XRANGE", feed, "-", "+", "COUNT", 1)]


def _positions_of(cursor: str, partitions: Collection[int], there_are: int) -> dict[int, Position]:
    """The positions in a cursor for these partitions; BadCursor unless it has one for each of them.

    It may have more: the position of the projection, and whoever followed all may go on with one customer's.
    """
    try:
        given = dict(Token.decode(cursor).positions)
    except InvalidToken as error:
        raise BadCursor(argument="after") from error
    numbers = [number for position in given.values() for number in position]
    if not set(partitions) <= given.keys() <= set(range(there_are)) or not all(0 <= n <= LARGEST for n in numbers):
        raise BadCursor(argument="after")
    return {partition: given[partition] for partition in partitions}
