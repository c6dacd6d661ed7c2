"""What projections ask for, and the fold that makes one write of many: 500 events on one order are one row."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple, assert_never

from projector.rows import Row, RowId, Rows
from read_model.schema.changes import Change
from write_model.contracts.streams import Position


class Put(NamedTuple):
    """The row is this from now on."""

    id: str
    row: Row


class Rank(NamedTuple):
    """The member stands in the sorted set of that key."""

    key: str
    member: str
    score: float = 0


class Unrank(NamedTuple):
    """The member does not stand in the sorted set of that key."""

    key: str
    member: str


class Count(NamedTuple):
    """The counter in that field of the hash changes by so much."""

    key: str
    field: str
    by: int


class Mark(NamedTuple):
    """The number is in the set of numbers of that key."""

    key: str
    number: int


class Unmark(NamedTuple):
    """The number is not in the set of numbers of that key."""

    key: str
    number: int


class Fill(NamedTuple):
    """The column of that key has this at the offset, in bytes; a step fills an offset with values of one length."""

    key: str
    offset: int
    value: bytes


class Append(NamedTuple):
    """The list of that key has this at its end."""

    key: str
    element: bytes


class Announce(NamedTuple):
    """The feed says so, at the position of the event; at most one an event, because the position is the entry's id."""

    change: Change


Write = Put | Rank | Unrank | Count | Mark | Unmark | Fill | Append | Announce


@dataclass(slots=True)
class Writes:
    """The writes of a step: the last word on every row and member, the sum of every counter, and every notice."""

    rows: dict[RowId, Row] = field(default_factory=dict)
    members: defaultdict[str, dict[str, float | None]] = field(default_factory=lambda: defaultdict(dict))
    """By key: score of each member, None where it leaves."""
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    marks: defaultdict[str, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    """By key: whether each number is in the set."""
    columns: defaultdict[str, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    """By key: the value at each offset."""
    lists: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """By key: what comes at the end of each."""
    notices: list[tuple[Position, Change]] = field(default_factory=list)

    def add(self, position: Position, writes: Iterable[Write], rows: Rows, trace: str | None = None) -> None:
        """Take in the writes of the event at the position; later events of the step see its rows.

        `trace`: of the event, where its trace is recorded; notices carry it on.
        """
        for write in writes:
            match write:  # the most frequent first
                case Mark(key, number):
                    self.marks[key][number] = True
                case Rank(key, member, score):
                    self.members[key][member] = score
                case Put(id, row):
                    self.rows[type(row), id] = row
                    rows.put((type(row), id), row)
                case Unrank(key, member):
                    self.members[key][member] = None
                case Announce(change):
                    self.notices.append((position, replace(change, trace=trace) if trace else change))
                case Append(key, element):
                    self.lists[key].append(element)
                case Fill(key, offset, value):
                    self.columns[key][offset] = value
                case Count(key, name, by):
                    self.counts[key, name] = self.counts.get((key, name), 0) + by
                case Unmark(key, number):
                    self.marks[key][number] = False
                case _:
                    assert_never(write)


def bits_of(offset: int, value: bytes) -> Iterator[str | int]:
    """The arguments of BITFIELD that put the value at the offset, both in bytes: eight at a time is all it takes."""
    for at in range(0, len(value), 8):
        part = value[at : at + 8]
        yield from ("SET", f"i{8 * len(part)}", 8 * (offset + at), int.from_bytes(part, "big", signed=True))
