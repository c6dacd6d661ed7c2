"""Rows by id: where each kind stands, and how it is read: as the texts that the projector prepared."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic_core import from_json

from read_model.connection import Commands, Reader
from read_model.multiplexed import Command
from read_model.schema.keys import Keys
from write_model.contracts.ids import Kind, kind_of
from write_model.contracts.streams import partition_of

SUMMARY: Final = "summary"
"""The part that every row has; its first leaf is the id."""

Parts = tuple[str, ...]
"""Names of parts, which are the hash fields of a row; the first is SUMMARY."""


# KEYS: hashes. ARGV: fields. A command for each row would cost both sides more than the row.
_ROWS: Final = """
local rows = {}
for i, key in ipairs(KEYS) do rows[i] = redis.call('HMGET', key, unpack(ARGV)) end
return rows
"""

# KEYS: a sorted set of ids. ARGV: what the keys of their hashes begin with, how many of those, the number of fields,
# the fields, and the rest of the arguments of ZRANGE.
_BESIDE: Final = """
local members, rows = redis.call('ZRANGE', KEYS[1], unpack(ARGV, 4 + ARGV[3])), {}
for i = 1, math.min(#members, ARGV[2]) do
  rows[i] = redis.call('HMGET', ARGV[1] .. members[i], unpack(ARGV, 4, 3 + ARGV[3]))
end
return {members, rows}
"""


class Row(NamedTuple):
    """A row as it is stored: the texts (schema.fragments) of the parts that were asked for."""

    kind: Kind
    texts: Mapping[str, str]

    @property
    def id(self) -> str:
        """The row's id."""
        return str(from_json(self.texts[SUMMARY].partition("\n")[0]))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a kind: a hash each, at `key`, with these parts."""

    kind: Kind
    key: Callable[[Keys, str], str]
    parts: Parts

    async def find(self, reader: Reader, id: str, parts: Parts | None = None) -> Row | None:
        """The row with the id; None where there is none, and for what is no id of the kind. One round trip."""
        if kind_of(id) != self.kind:
            return None
        partition, parts = partition_of(id, reader.partitions), parts or self.parts
        [values] = (await reader.read({partition: self._reads(id, parts)}))[partition]
        return self._row(parts, values)

    async def find_all(self, reader: Reader, ids: Iterable[str], parts: Parts | None = None) -> dict[str, Row]:
        """The rows that are there, by ids of the kind, with all parts or with these, in one round trip."""
        parts = parts or self.parts
        by_partition: dict[int, list[str]] = {}
        for id in ids:
            by_partition.setdefault(partition_of(id, reader.partitions), []).append(id)
        replies = await reader.read({p: self._reads_all(some, parts) for p, some in by_partition.items()})
        rows: dict[str, Row] = {}
        for partition, some in by_partition.items():
            rows |= self.of_ids(some, replies[partition][0], parts)
        return rows

    def beside(self, members: Command, keys: Keys, most: int, parts: Parts | None = None) -> Command:
        """Redis: the ids that a ZRANGE answers, and the rows of as many of them, which are in the same partition."""
        parts = parts or self.parts
        return ("EVAL_RO", _BESIDE, 1, members[1], self.key(keys, ""), most, len(parts), *parts, *members[2:])

    def of_ids(self, ids: Iterable[str], found: Iterable[Sequence[str]], parts: Parts | None = None) -> dict[str, Row]:
        """The rows that are there, by id, of what was found for each."""
        parts = parts or self.parts
        rows = ((id, self._row(parts, values)) for id, values in zip(ids, found, strict=False))
        return {id: row for id, row in rows if row}

    def _reads(self, id: str, parts: Parts) -> Commands:
        return lambda keys: [("HMGET", self.key(keys, id), *parts)]

    def _reads_all(self, ids: Sequence[str], parts: Parts) -> Commands:
        return lambda keys: [("EVAL_RO", _ROWS, len(ids), *(self.key(keys, id) for id in ids), *parts)]

    def _row(self, parts: Parts, values: Sequence[str]) -> Row | None:
        """The row with the values of these parts; None where they say that there is none."""
        return Row(self.kind, dict(zip(parts, values, strict=True))) if values[0] is not None else None
