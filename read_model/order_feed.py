"""Every change of many orders, from a cursor on: those that the feeds still have, then live ones, each once.

A change has one place for ever: its partition, and the position of its event there, or, where the event was parked,
its number in the entry that says so late. So a cursor is a place for each partition that is followed, and what Redis
lost and the projector announces again is told from what is new.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, NamedTuple, Self

from read_model import feed_cursor
from read_model.changes import Changes
from read_model.connection import Reader
from read_model.errors import CursorExpired
from read_model.multiplexed import Command, Replies
from read_model.schema.changes import OrderChanged
from read_model.schema.keys import Keys, feed_key
from read_model.subscription import WHOLE, Announced, Place, Resync, Subscription, Tell
from write_model.contracts.streams import Position, partition_of, projected_key

PAGE: Final = 200
"""Feed entries of a partition that are read at once."""

Entry = tuple[str, Sequence[str]]
"""An id, then fields and their values in turn."""


class Followed(NamedTuple):
    """A change, and how far its subscriber has come with it."""

    change: OrderChanged
    places: Mapping[int, Place]

    @property
    def cursor(self) -> str:
        """The cursor after which everything that follows the change comes."""
        return feed_cursor.encode(self.places)

    @property
    def order_id(self) -> str:
        """The order that changed."""
        return self.change.order_id

    @property
    def version(self) -> int:
        """The order's version at the change."""
        return self.change.version

    @property
    def status(self) -> str:
        """The order's status after the change."""
        return self.change.status


class OrderFeed:
    """One subscriber's place in the feeds of the partitions that they follow."""

    def __init__(
        self,
        reader: Reader,
        changes: Changes,
        places: dict[int, Place],
        customer_id: str | None,
        statuses: Collection[str],
    ) -> None:
        self._reader = reader
        self._changes = changes
        self._places: Mapping[int, Place] = places
        """By partition: every wanted change up to there has been handed out."""
        self._heard: Mapping[int, Place] = {}
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
        asked = feed_cursor.decode(after, partitions, reader.partitions) if after is not None else None
        replies = await reader.read(dict.fromkeys(partitions, _state))
        now = {partition: Place(Position.parse(stored)) for partition, (stored, _) in replies.items()}
        feed = cls(reader, changes, asked or now, customer_id, statuses)
        for partition, state in replies.items():
            feed._check(partition, *state)
        return feed

    async def follow(self, tell: Tell[Followed] | None = None) -> AsyncGenerator[Followed, None]:
        """The changes, in order per partition, without end; CursorExpired, SlowConsumer, Unavailable, Busy.

        `tell` hears of those for which nobody has to be woken, and they are not yielded. Close it when done
        (contextlib.aclosing): it holds a subscription.
        """
        # From the start: whoever is refused has not come a long way for it.
        with self._changes.subscriber():
            # As slowly as the client likes: nothing waits in a buffer meanwhile.
            async with aclosing(self._replay()) as missed:
                async for followed in missed:
                    yield followed
            async with self._changes.listen(self._places, self._wants) as feed:
                # The followers offer what they hear from here on: what they have heard before must come from the feeds.
                async with aclosing(self._replay(feed)) as missed:
                    async for followed in missed:
                        yield followed
                feed.at_once = partial(self._at_once, tell) if tell else None
                async for item in feed:
                    if isinstance(item, Resync):
                        async with aclosing(self._replay(feed)) as missed:
                            async for followed in missed:
                                yield followed
                    elif self._wants(item):
                        self._come_to(item)
                        if feed.is_drained:
                            self._catch_up()
                        yield self._followed(item)

    def _at_once(self, tell: Tell[Followed], announced: Announced) -> bool:
        """Whether the client was told of what the follower has just asked `_wants` about."""
        self._catch_up()
        before = self._places
        self._come_to(announced)
        if not tell(self._followed(announced)):
            self._places = before
            return False
        return True

    def _wants(self, announced: Announced) -> bool:
        change = announced.change
        return (
            # Redis that is refilled announces its whole past.
            announced.place > self._places[announced.partition]
            and isinstance(change, OrderChanged)
            and self._customer_id in (None, change.customer_id)
            and (not self._statuses or change.status in self._statuses)
        )

    def _wanted(self, partition: int, id: str, fields: Mapping[str, str]) -> list[Announced]:
        try:
            announced = Announced.of(partition, id, fields)
        except ValueError:
            return []  # a newer projector may say what we do not know
        return [one for one in announced if self._wants(one)]

    def _come_to(self, announced: Announced) -> None:
        self._places = {**self._places, announced.partition: announced.place}

    def _catch_up(self) -> None:
        """Nothing that was offered waits, so the cursor may be where the followers are.

        One that stood still where nobody's orders change would expire without need.
        """
        heard = self._changes.places()
        if heard is not self._heard:
            self._places = {partition: max(place, heard[partition]) for partition, place in self._places.items()}
            self._heard = heard

    async def _replay(self, feed: Subscription | None = None) -> AsyncGenerator[Followed, None]:
        """What the feeds have above the positions, page by page; as far as the followers had heard at least."""
        heard = {partition: self._changes.position(partition) for partition in self._places} if feed else {}
        more = True
        while more:
            more = False
            pages = await (feed.patiently(self._page) if feed else self._page())
            for partition, (stored, entries, oldest) in pages.items():
                self._check(partition, stored, oldest)
                for id, flat in entries:
                    fields = dict(zip(flat[::2], flat[1::2], strict=True))
                    for announced in self._wanted(partition, id, fields):
                        self._come_to(announced)
                        yield self._followed(announced)
                    self._places = {**self._places, partition: Place(Position.parse(id))}
                if len(entries) == PAGE:
                    more = True
                else:
                    place = max(self._places[partition], Place(Position.parse(stored)))
                    self._places = {**self._places, partition: place}
            if feed and not more and self._is_behind(heard):
                # Redis went back, and its follower may not have noticed: it would never offer what is announced again.
                more = True
                await feed.pause()

    def _is_behind(self, heard: Mapping[int, Position]) -> bool:
        return any(
            place.position < min(heard[partition], self._changes.position(partition))
            for partition, place in self._places.items()
        )

    async def _page(self) -> dict[int, Replies]:
        def above(keys: Keys) -> list[Command]:
            # What was announced up to the stored position is in the entries that are read after it; and what is there
            # at last was there before.
            place, feed = self._places[keys.partition], feed_key(keys.partition)
            start = f"({place.position}" if place.taken == WHOLE else str(place.position)
            stored, oldest = _state(keys)
            return [stored, ("XRANGE", feed, start, "+", "COUNT", PAGE), oldest]

        return await self._reader.read(dict.fromkeys(self._places, above))

    def _check(self, partition: int, stored: str, oldest: Sequence[Entry]) -> None:
        """CursorExpired unless the feed has everything above our position: an entry that is no newer proves that."""
        first = oldest[0][0] if oldest else stored
        if Position.parse(first) > self._places[partition].position:
            raise CursorExpired

    def _followed(self, announced: Announced) -> Followed:
        change = announced.change
        assert isinstance(change, OrderChanged)
        return Followed(change, self._places)


def _state(keys: Keys) -> list[Command]:
    feed = feed_key(keys.partition)
    return [("HGET", projected_key(keys.partition), "position"), ("XRANGE", feed, "-", "+", "COUNT", 1)]
