"""Rows by id: where each kind stands, and how it is read: as the texts that the projector prepared."""

from collections.abc import Callable, Iterable, Mapping
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
        return (await self.find_all(reader, [id], parts)).get(id)

    async def find_all(self, reader: Reader, ids: Iterable[str], parts: Parts | None = None) -> dict[str, Row]:
        """The rows that are there, by id, with all parts or with these, in one round trip."""
        parts = parts or self.parts
        by_partition: dict[int, list[str]] = {}
        for id in ids:
            if kind_of(id) == self.kind:
                by_partition.setdefault(partition_of(id, reader.partitions), []).append(id)
        replies = await reader.read({partition: self._reads(part, parts) for partition, part in by_partition.items()})
        return {
            id: Row(self.kind, dict(zip(parts, values, strict=True)))
            for partition, part in by_partition.items()
            for id, values in zip(part, replies[partition], strict=True)
            if values[0] is not None
        }

    def _reads(self, ids: list[str], parts: Parts) -> Commands:
        def commands(keys: Keys) -> list[Command]:
            return [("HMGET", self.key(keys, id), *parts) for id in ids]

        return commands
