"""The one way to read: all that a query needs at once, from any number of partitions, in one round trip."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import islice
from typing import Final, Self

from read_model.errors import BeingPrepared
from read_model.multiplexed import Command, Multiplexed, Replies
from read_model.schema.keys import Keys
from read_model.settings import ReadSettings
from write_model.contracts.streams import BEGINNING, Position, projected_key

Commands = Callable[[Keys], Sequence[Command]]

# A switch of generation takes one more attempt; two in a row mean that something is wrong.
ATTEMPTS: Final = 3
FIRST_GENERATION: Final = 1


class Reader:
    """Reads of complete partitions.

    Commands are plain Redis commands whose replies look the same in every protocol: HMGET, not HGETALL. They come
    grouped by partition, because on a Redis Cluster each group goes to another node. `round_trips` counts: what is
    asked at once shares one.
    """

    def __init__(self, connection: Multiplexed, settings: ReadSettings) -> None:
        self.partitions: Final = settings.partitions
        self.round_trips = 0
        self._last_trip = -1
        self._connection = connection
        self._generations: dict[int, int] = {}
        self._floor: Mapping[int, Position] = {}

    def at_least(self, positions: Mapping[int, Position]) -> Self:
        """The same reader for whoever was shown so much before: a partition below its position is BeingPrepared.

        Positions that were waited for are not enough: Redis may have lost its last moments since.
        """
        bound = copy(self)
        bound._floor = {p: max(at, self._floor.get(p, BEGINNING)) for p, at in {**self._floor, **positions}.items()}
        return bound

    async def read(self, wanted: Mapping[int, Commands]) -> dict[int, Replies]:
        """The replies to each partition's commands, all from the generation that serves; BeingPrepared, NoReply, Busy.

        The state is read before and after the rows: only where both say the same was everything in between read
        from one complete generation, and a miss is an answer.
        """
        return await self._read(wanted, complete=True)

    async def inspect(self, wanted: Mapping[int, Commands]) -> dict[int, Replies]:
        """As `read`, but from partitions that need not be complete: about the projection, not for what it shows."""
        return await self._read(wanted, complete=False)

    async def _read(self, wanted: Mapping[int, Commands], *, complete: bool) -> dict[int, Replies]:
        answers: dict[int, Replies] = {}
        for _ in range(ATTEMPTS):
            missing = {partition: self._keys(partition) for partition in wanted if partition not in answers}
            if not missing:
                return answers
            states = {partition: ("HMGET", projected_key(partition), "generation", "complete") for partition in missing}
            replies = await self.fetch(
                {
                    partition: [(*states[partition], "position"), *wanted[partition](keys), states[partition]]
                    for partition, keys in missing.items()
                }
            )
            for partition, ((*before, position), *rows, after) in replies.items():
                if complete and not all(after):
                    raise BeingPrepared
                if partition in self._floor and Position.parse(position or "0-0") < self._floor[partition]:
                    raise BeingPrepared
                generation = int(after[0] or FIRST_GENERATION)
                self._generations[partition] = generation
                if before == after and generation == missing[partition].generation:
                    answers[partition] = rows
        if len(answers) < len(wanted):
            raise BeingPrepared
        return answers

    async def fetch(self, groups: Mapping[int, Sequence[Command]]) -> dict[int, Replies]:
        """The replies to each partition's commands in one round trip, whatever the state of the partitions.

        NoReply, Busy.
        """
        if self._last_trip != self._connection.trips:
            self._last_trip = self._connection.trips
            self.round_trips += 1
        replies = iter(await self._connection.ask([command for commands in groups.values() for command in commands]))
        return {partition: list(islice(replies, len(commands))) for partition, commands in groups.items()}

    def _keys(self, partition: int) -> Keys:
        return Keys(partition, self._generations.get(partition, FIRST_GENERATION))
