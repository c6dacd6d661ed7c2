"""Pages of lists that are sorted by member: keyset cursors, both directions, merged over partitions.

A cursor names a member, never an offset: what is inserted or removed elsewhere does not move a page, and a cursor
goes on working when its own row has gone.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from read_model.errors import BadCursor, BadPage
from read_model.multiplexed import Command

T = TypeVar("T")

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100

_COMMON: Final = Path(__file__).with_name("pages_common.lua").read_text(encoding="utf-8")


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
    """Rows in the list's order; `total_count` is the whole list's. `cursor_at`: of a row, by its place on the page."""

    rows: tuple[T, ...]
    cursor_at: Callable[[int], str] = field(compare=False)
    has_next: bool
    has_previous: bool
    total_count: int

    @property
    def cursors(self) -> tuple[str, ...]:
        """A cursor for each row."""
        return tuple(map(self.cursor_at, range(len(self.rows))))

    @property
    def edges(self) -> "list[Edge[T]]":
        """The rows with their cursors."""
        return [Edge(cursor, row) for cursor, row in zip(self.cursors, self.rows, strict=True)]

    @property
    def nodes(self) -> tuple[T, ...]:
        """The rows, as the contract calls them."""
        return self.rows

    @property
    def start_cursor(self) -> str | None:
        """The cursor of the first row, if there is one."""
        return self.cursor_at(0) if self.rows else None

    @property
    def end_cursor(self) -> str | None:
        """The cursor of the last row, if there is one."""
        return self.cursor_at(len(self.rows) - 1) if self.rows else None


class Edge(NamedTuple, Generic[T]):
    """A row of a page, and its place in the list."""

    cursor: str
    node: T


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

    def count(self, sets: Sequence[str]) -> Command:
        """Redis: how many members of all the sets are in the range."""
        if len(sets) > 1:
            return ("EVAL_RO", _COMMON, len(sets), *sets, *self.texts(), "", 0)
        return ("ZLEXCOUNT", *sets, *self.texts())

    def take(self, sets: Sequence[str], limit: int, *, descending: bool) -> Command:
        """Redis: the members of all the sets at one end of the range."""
        if len(sets) > 1:
            return ("EVAL_RO", _COMMON, len(sets), *sets, *self.texts(), "1" if descending else "", limit)
        (key,), (low, high) = sets, self.texts()
        if descending:
            return ("ZRANGE", key, high, low, "BYLEX", "REV", "LIMIT", 0, limit)
        return ("ZRANGE", key, low, high, "BYLEX", "LIMIT", 0, limit)

    def texts(self) -> tuple[str, str]:
        """Redis: low and high, as BYLEX takes them."""
        return str(self.low or "-"), str(self.high or "+")


EVERYTHING: Final = Range()


class Cut(NamedTuple):
    """What a request needs to know of a list: at most `limit` members from one end of `inside`, one more than it shows,
    `downward` from its high end.

    And whether there are any in `outside`: up to the cursor `after` and from the cursor `before` on, where they are
    given, their own members included.
    """

    inside: Range
    descending: bool
    downward: bool
    limit: int
    outside: tuple[Range | None, Range | None]

    def is_any_outside(self, answers: Iterable[int]) -> tuple[bool, bool]:
        """For both, of the answers for those that there are, in order."""
        given = iter(answers)
        after, before = (part is not None and next(given) > 0 for part in self.outside)
        return after, before


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Members sorted by their text, read in one of two directions.

    `kind` goes into the cursors; `is_member` tells what can have been a member.
    """

    kind: str
    is_member: Callable[[str], bool]
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

    def cut(self, request: PageRequest) -> Cut:
        """What the request needs to know; BadCursor."""
        after = self.member_of("after", request.after) if request.after is not None else None
        before = self.member_of("before", request.before) if request.before is not None else None
        return Cut(
            inside=self._beyond(self._beyond(self.within, after), before, back=True),
            descending=self.descending,
            downward=self.descending != request.backward,
            limit=request.size + 1,
            outside=(
                None if after is None else self._beyond(self.within, after, back=True, inclusive=True),
                None if before is None else self._beyond(self.within, before, inclusive=True),
            ),
        )

    def page(
        self,
        request: PageRequest,
        found: Sequence[str],
        rows: Mapping[str, T],
        *,
        total: int,
        is_any_outside: tuple[bool, bool],
    ) -> Page[T]:
        """The page, of the members that the cut found, in its direction.

        A row that vanished in between is left out.
        """
        members = found[: request.size]
        there = [member for member in (members[::-1] if request.backward else members) if member in rows]
        return Page(
            tuple([rows[member] for member in there]),
            lambda place: self.cursor_of(there[place]),
            *_goes_on(request, len(found), is_any_outside),
            total_count=total,
        )

    def page_of(
        self,
        request: PageRequest,
        found: Sequence[T],
        member_of: Callable[[T], str],
        *,
        total: int,
        is_any_outside: tuple[bool, bool],
    ) -> Page[T]:
        """The same, where the cut found the rows themselves."""
        rows = found[: request.size]
        there = tuple(rows[::-1] if request.backward else rows)
        return Page(
            there,
            lambda place: self.cursor_of(member_of(there[place])),
            *_goes_on(request, len(found), is_any_outside),
            total_count=total,
        )

    def _beyond(self, range: Range, member: str | None, *, back: bool = False, inclusive: bool = False) -> Range:
        """The part of the range that the list shows after the member, or before it (`back`)."""
        if member is None:
            return range
        bound = Bound(member, inclusive)
        return range.cut(high=bound) if back != self.descending else range.cut(low=bound)


def _goes_on(request: PageRequest, found: int, is_any_outside: tuple[bool, bool]) -> tuple[bool, bool]:
    """Whether the list does behind the page, and before it."""
    more, (before, behind) = found > request.size, is_any_outside
    return (more and not request.backward) or behind, (more and request.backward) or before


def empty_page() -> Page[T]:
    """The page of a list that cannot have anything."""
    return Page((), str, has_next=False, has_previous=False, total_count=0)
