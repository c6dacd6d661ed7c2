"""Rows by id: where each kind stands, and how it is read: as the texts that the projector prepared."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from read_model.connection import Commands, Reader
from read_model.multiplexed import Command
from read_model.schema.keys import Keys
from write_model.contracts.ids import ID_LENGTH, Kind, kind_of
from write_model.contracts.streams import partition_of

SUMMARY: Final = "summary"
"""The part that every row has; its first leaf is the id."""

_ID: Final = slice(1, 1 + ID_LENGTH)
"""Where it is in the text: after a quote, and nothing in an id is ever escaped."""

Parts = tuple[str, ...]
"""Names of parts, which are the hash fields of a row; the first is SUMMARY."""


class Row(NamedTuple):
    """A row as it is stored: the texts (schema.fragments) of the parts that were asked for."""

    kind: Kind
    texts: Mapping[str, str]

    @property
    def id(self) -> str:
        """The row's id."""
        return self.texts[SUMMARY][_ID]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a kind: a hash each, at `key`, which ends with the id, with these parts."""

    kind: Kind
    key: Callable[[Keys, str], str]
    parts: Parts

    async def find(self, reader: Reader, id: str, parts: Parts | None = None) -> Row | None:
        """The row with the id; None where there is none, and for what is no id of the kind. One round trip."""
        if kind_of(id) != self.kind:
            return None
        partition, parts = partition_of(id, reader.partitions), parts or self.parts
        [values] = (await reader.read({partition: self._reads([id], parts)}))[partition]
        return Row(self.kind, dict(zip(parts, values, strict=True))) if values[0] is not None else None

    async def find_all(self, reader: Reader, ids: Iterable[str], parts: Parts | None = None) -> dict[str, Row]:
        """The rows that are there, by ids of the kind, with all parts or with these, in one round trip."""
        parts = parts or self.parts
        by_partition: dict[int, list[str]] = {}
        for id in ids:
            by_partition.setdefault(partition_of(id, reader.partitions), []).append(id)
        replies = await reader.read({partition: self._reads(some, parts) for partition, some in by_partition.items()})
        return {
            id: Row(self.kind, dict(zip(parts, values)))  # noqa: B905 - HMGET answers as many as it is asked for
            for partition, some in by_partition.items()
            for id, values in zip(some, replies[partition], strict=True)
            if values[0] is not None
        }

    def listed(self, keys: Keys, ids: str, most: int, *, descending: bool, parts: Parts | None = None) -> Command:
        """Redis: the rows of so many members at one end of a sorted set of ids, every score 0: see of_list."""
        order = ("DESC",) if descending else ()
        fields = chain.from_iterable(("GET", f"{self.key(keys, '*')}->{part}") for part in parts or self.parts)
        return ("SORT_RO", ids, "BY", "nosort", *order, "LIMIT", 0, most, *fields)

    def of_list(self, values: Sequence[str | None], parts: Parts | None = None) -> list[Row]:
        """The rows in the reply to `listed`, in its order."""
        parts = parts or self.parts
        if len(parts) == 1:  # zip and dict for each would take twice as long
            return [Row(self.kind, {SUMMARY: text}) for text in values if text is not None]
        every = zip(*(values[n :: len(parts)] for n in range(len(parts))), strict=True)
        return [Row(self.kind, dict(zip(parts, texts, strict=True))) for texts in every if texts[0] is not None]

    def _reads(self, ids: Sequence[str], parts: Parts) -> Commands:
        def commands(keys: Keys) -> list[Command]:
            # A script for all of them would be one command, and cost Redis four times as much.
            beginning = self.key(keys, "")
            return [("HMGET", beginning + id, *parts) for id in ids]

        return commands
