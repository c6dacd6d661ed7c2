"""Rows by id: where each kind stands, and how it is read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from read_model.connection import Command, Commands, Reader
from read_model.schema.keys import Keys
from write_model.contracts.ids import Kind, kind_of
from write_model.contracts.streams import partition_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """The rows of a kind: a hash each, at `key`, with these fields."""

    kind: Kind
    key: Callable[[Keys, str], str]
    fields: tuple[str, ...]
    decode: Callable[[Mapping[str, str]], T]

    async def find(self, reader: Reader, id: str) -> T | None:
        """The row with the id; None where there is none, and for what is no id of the kind. One round trip."""
        return (await self.find_all(reader, [id])).get(id)

    async def find_all(self, reader: Reader, ids: Iterable[str]) -> dict[str, T]:
        """The rows that are there, by id, in one round trip."""
        by_partition: dict[int, list[str]] = {}
        for id in ids:
            if kind_of(id) == self.kind:
                by_partition.setdefault(partition_of(id, reader.partitions), []).append(id)
        replies = await reader.read({partition: self._reads(part) for partition, part in by_partition.items()})
        return {
            id: self.decode(dict(zip(self.fields, values, strict=True)))
            for partition, part in by_partition.items()
            for id, values in zip(part, replies[partition], strict=True)
            if values[0] is not None
        }

    def _reads(self, ids: list[str]) -> Commands:
        def commands(keys: Keys) -> list[Command]:
            return [("HMGET", self.key(keys, id), *self.fields) for id in ids]

        return commands
