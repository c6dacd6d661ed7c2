"""What projections ask for, and the fold that makes one write of many: 500 events on one order are one row."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from projector.rows import Row, RowId, Rows
from read_model.schema.changes import OrderChanged
from write_model.contracts.streams import Position


@dataclass(frozen=True, slots=True)
class Put:
    """The row is this from now on."""

    id: str
    row: Row


@dataclass(frozen=True, slots=True)
class Rank:
    """The member stands in the sorted set of that key."""

    key: str
    member: str
    score: float = 0


@dataclass(frozen=True, slots=True)
class Unrank:
    """The member does not stand in the sorted set of that key."""

    key: str
    member: str


@dataclass(frozen=True, slots=True)
class Count:
    """The counter in that field of the hash changes by so much."""

    key: str
    field: str
    by: int


@dataclass(frozen=True, slots=True)
class Announce:
    """The feed says so, at the position of the event; at most one an event, because the position is the entry's id."""

    change: OrderChanged


Write = Put | Rank | Unrank | Count | Announce


@dataclass(slots=True)
class Writes:
    """The writes of a step: the last word on every row and member, the sum of every counter, and every notice."""

    rows: dict[RowId, Row] = field(default_factory=dict)
    members: defaultdict[str, dict[str, float | None]] = field(default_factory=lambda: defaultdict(dict))
    """By key: score of each member, None where it leaves."""
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    notices: list[tuple[Position, OrderChanged]] = field(default_factory=list)

    def add(self, position: Position, writes: Iterable[Write], rows: Rows) -> None:
        """Take in the writes of the event at the position; later events of the step see its rows."""
        for write in writes:
            match write:
                case Rank(key, member, score):
                    self.members[key][member] = score
                case Unrank(key, member):
                    self.members[key][member] = None
                case Put(id, row):
                    self.rows[type(row), id] = row
                    rows.put((type(row), id), row)
                case Announce(change):
                    self.notices.append((position, change))
                case Count(key, name, by):
                    self.counts[key, name] = self.counts.get((key, name), 0) + by
                case _:
                    assert_never(write)
