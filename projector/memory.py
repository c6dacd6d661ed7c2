"""What a consumer remembers of its own last steps, so that the next need not ask Redis for it."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from projector.rows import OpenOrder, Row, RowId
from projector.store import Checkpoint


class Remembered(NamedTuple):
    """Rows as they stand at a checkpoint, None where there is none; False where nothing at all is parked."""

    rows: dict[RowId, Row | None]
    has_parked: bool


class Memory:
    """The rows that were looked at last, at most so many, as the last step left them.

    Whatever changes a row is a step, and leaves a checkpoint that no other step leaves: at the same checkpoint the
    rows are the same, whoever stepped or went back in between. A step takes all of it, and gives it back once it has
    been applied; where that fails, or nobody knows, nothing is remembered.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._at: Checkpoint | None = None
        self._remembered = Remembered({}, True)

    def take(self, start: Checkpoint) -> Remembered:
        """What is remembered of the checkpoint; until `keep`, nothing else is."""
        taken = self._remembered if self._at == start else Remembered({}, True)
        self._at, self._remembered = None, Remembered({}, True)
        return taken

    def keep(self, end: Checkpoint, rows: dict[RowId, Row | None], touched: Iterable[RowId], has_parked: bool) -> None:
        """Remember what was taken, with what became of it; of more than there is room for, what was touched last."""
        for id in touched:
            if id in rows:
                row = rows.pop(id)
                rows[id] = row.written() if isinstance(row, OpenOrder) else row
        for id in list(islice(rows, max(0, len(rows) - self._most))):
            del rows[id]
        self._at, self._remembered = end, Remembered(rows, has_parked)
