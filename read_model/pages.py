"""Pages of lists that are sorted by member: keyset cursors, both directions, merged over partitions.

A cursor names a member, never an offset: what is inserted or removed elsewhere does not move a page, and a cursor
goes on working when its own row has gone.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Generic, NamedTuple, TypeVar

from read_model.connection import Command, Reader
from read_model.errors import BadCursor, BadPage
from read_model.schema.keys import Keys

T = TypeVar("T")

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: the `first` rows between two cursors, or the `last`; BadPage where that makes no sense.

    20 where neither is said: the last ones for `before` alone, else the first.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadPage(argument="last", problem="cannot be combined with first")
        for argument, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MAX_SIZE:
                raise BadPage(argument=argument, problem=f"must be between 0 and {MAX_SIZE}")

    @property
    def backward(self) -> bool:
        """Whether the page is the end of its range."""
        if self.first is None and self.last is None:
            return self.before is not None and self.after is None
        return self.last is not None

    @property
    def size(self) -> int:
        """Rows that the page may have."""
        sizes = [size for size in (self.first, self.last) if size is not None]
        return sizes[0] if sizes else DEFAULT_SIZE


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows in the list's order, a cursor for each; `total_count` is the whole list's."""

    rows: tuple[T, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool
    total_count: int


class Bound(NamedTuple):
    """An end of a range of members."""

    member: str
    inclusive: bool

    def __str__(self) -> str:
        return ("[" if self.inclusive else "(") + self.member


@dataclass(frozen=True, slots=True)
class Range:
    """Members from `low` to `high`, ascending; None is open."""

    low: Bound | None = None
    high: Bound | None = None

    def cut(self, *, low: Bound | None = None, high: Bound | None = None) -> "Range":
        """What is left of the range inside these bounds as well."""
        lows = [bound for bound in (self.low, low) if bound]
        highs = [bound for bound in (self.high, high) if bound]
        return Range(
            max(lows, key=lambda bound: (bound.member, not bound.inclusive), default=None),
            min(highs, default=None),
        )

    def count(self, key: str) -> Command:
        """Redis: how many members are in the range."""
        return ("ZLEXCOUNT", key, *self._texts())

    def take(self, key: str, limit: int, *, descending: bool) -> Command:
        """Redis: the members at one end of the range."""
        low, high = self._texts()
        if descending:
            return ("ZRANGE", key, high, low, "BYLEX", "REV", "LIMIT", 0, limit)
        return ("ZRANGE", key, low, high, "BYLEX", "LIMIT", 0, limit)

    def _texts(self) -> tuple[str, str]:
        return str(self.low or "-"), str(self.high or "+")


EVERYTHING: Final = Range()


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: a sorted set in each of its partitions, every score 0, read in one of two orders.

    `kind` goes into its cursors; `is_member` tells what can have been one of them.
    """

    kind: str
    is_member: Callable[[str], bool]
    key: Callable[[Keys], str]
    partitions: Sequence[int]
    descending: bool = False
    within: Range = EVERYTHING

    def cursor_of(self, member: str) -> str:
        """Opaque text for clients: URL-safe base64 of `<kind>:<member>`."""
        return base64.urlsafe_b64encode(f"{self.kind}:{member}".encode()).decode().rstrip("=")

    def member_of(self, argument: str, cursor: str) -> str:
        """The member that a cursor names; BadCursor where it is not one of this kind of list."""
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            kind, _, member = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
        except ValueError as error:
            raise BadCursor(argument=argument) from error
        if kind != self.kind or not self.is_member(member):
            raise BadCursor(argument=argument)
        return member

    async def read(
        self,
        reader: Reader,
        request: PageRequest,
        rows_of: Callable[[Reader, Sequence[str]], Awaitable[Mapping[str, T]]],
    ) -> Page[T]:
        """The page with its rows, which `rows_of` finds by member: one round trip for the members, one for the rows.

        A row that vanished in between is left out.
        """
        after = self.member_of("after", request.after) if request.after is not None else None
        before = self.member_of("before", request.before) if request.before is not None else None
        # One more than the page shows whether there is more; what lies beyond a cursor is counted.
        limit, downward = request.size + 1, self.descending != request.backward
        inside = self._beyond(self._beyond(self.within, after), before, back=True)
        outside = [
            self._beyond(self.within, cursor, back=back, inclusive=True) if cursor is not None else None
            for cursor, back in ((after, True), (before, False))
        ]

        def commands(keys: Keys) -> list[Command]:
            key = self.key(keys)
            counts = [part.count(key) for part in (self.within, *outside) if part is not None]
            return [inside.take(key, limit, descending=downward), *counts]

        replies = (await reader.read(dict.fromkeys(self.partitions, commands))).values()
        found = sorted(chain.from_iterable(members for members, *_ in replies), reverse=downward)
        total, *beyond = (sum(counts) for counts in zip(*(counts for _, *counts in replies), strict=True))
        members = found[: request.size]
        if request.backward:
            members.reverse()
        more = len(found) > request.size
        rows = await rows_of(reader, members) if members else {}
        there = [member for member in members if member in rows]
        return Page(
            rows=tuple(rows[member] for member in there),
            cursors=tuple(map(self.cursor_of, there)),
            has_next=(more and not request.backward) or (before is not None and beyond[-1] > 0),
            has_previous=(more and request.backward) or (after is not None and beyond[0] > 0),
            total_count=total,
        )

    def _beyond(self, range: Range, member: str | None, *, back: bool = False, inclusive: bool = False) -> Range:
        """The part of the range that the list shows after the member, or before it (`back`)."""
        if member is None:
            return range
        bound = Bound(member, inclusive)
        return range.cut(high=bound) if back != self.descending else range.cut(low=bound)


def empty_page() -> Page[T]:
    """The page of a list that cannot have anything."""
    return Page((), (), has_next=False, has_previous=False, total_count=0)
