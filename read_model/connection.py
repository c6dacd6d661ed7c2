"""The one way to read: all that a query needs at once, from any number of partitions, in one round trip."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import islice
from typing import Final, NamedTuple, Self

from read_model.errors import BeingPrepared
from read_model.multiplexed import Command, Multiplexed, Replies
from read_model.schema.keys import Keys
from read_model.settings import ReadSettings
from write_model.contracts.streams import BEGINNING, Position, projected_key

Commands = Callable[[Keys], Sequence[Command]]

# A switch of generation takes one more attempt; two in a row mean that something is wrong.
ATTEMPTS: Final = 3
FIRST_GENERATION: Final = 1


class _Seen(NamedTuple):
    """A partition's state as it was seen last: the generation that serves, and the step that made it complete."""

    state: Replies
    keys: Keys
    question: Command
    """What asks for the state."""

    @classmethod
    def of(cls, partition: int, state: Replies, generation: int) -> Self:
        question = ("HMGET", projected_key(partition), "generation", "complete")
        return cls(state, Keys(partition, generation), question)


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
        self._seen = [_Seen.of(p, [None, None], FIRST_GENERATION) for p in range(settings.partitions)]
        self._floor: Mapping[int, Position] = {}

    def at_least(self, positions: Mapping[int, Position]) -> Self:
        """The same reader for whoever was shown so much before: a partition below its position is BeingPrepared.

        Positions that were waited for are not enough: Redis may have lost its last moments since.
        """
        bound = copy(self)
        bound._floor = {p: max(at, self._floor.get(p, BEGINNING)) for p, at in {**self._floor, **positions}.items()}
        return bound

    async def read(self, wanted: Mapping[int, Commands], *, complete: bool = True) -> dict[int, Replies]:
        """The replies to each partition's commands, all from the generation that serves; BeingPrepared, NoReply, Busy.

        Only where a partition's state was the same before and after was everything in between read from one complete
        generation, and a miss is an answer. What it was before is known from the last read, or read once more: where
        a partition was not complete for a moment since then, another step has made it so. `complete`: whether it has to
        be; not for what is asked about the projection itself.
        """
        answers: dict[int, Replies] = {}
        for _ in range(ATTEMPTS):
            asked: dict[int, list[Command]] = {}
            seen: list[_Seen] = []
            for partition, commands in wanted.items():
                if partition not in answers:
                    seen.append(it := self._seen[partition])
                    asked[partition] = self._around(commands(it.keys), it)
            if not asked:
                return answers
            replies = await self.fetch(asked)
            for it in seen:
                partition, before = it.keys.partition, it.state
                rows = replies[partition]
                after = rows.pop()
                if self._must_look(it):
                    *before, position = rows.pop(0)
                    if partition in self._floor and Position.parse(position or "0-0") < self._floor[partition]:
                        raise BeingPrepared
                elif before == after:  # and so complete, in the generation that was asked: nearly always
                    answers[partition] = rows
                    continue
                if complete and not all(after):
                    raise BeingPrepared
                generation = int(after[0] or FIRST_GENERATION)
                if before == after and generation == it.keys.generation:
                    answers[partition] = rows
                if after != it.state:
                    self._seen[partition] = _Seen.of(partition, after, generation)
        if len(answers) < len(wanted):
            raise BeingPrepared
        return answers

    def _around(self, commands: Sequence[Command], seen: _Seen) -> list[Command]:
        """The commands, and around them what tells that their replies are good."""
        asked = seen.question
        return [(*asked, "position"), *commands, asked] if self._must_look(seen) else [*commands, asked]

    def _must_look(self, seen: _Seen) -> bool:
        """Whether the state before the commands has to be read: it is not known, or its position is wanted."""
        return not all(seen.state) or seen.keys.partition in self._floor

    async def fetch(self, groups: Mapping[int, Sequence[Command]]) -> dict[int, Replies]:
        """The replies to each partition's commands in one round trip, whatever the state of the partitions.

        NoReply, Busy.
        """
        if self._last_trip != self._connection.trips:
            self._last_trip = self._connection.trips
            self.round_trips += 1
        replies = await self._connection.ask([command for commands in groups.values() for command in commands])
        if len(groups) == 1:
            return dict.fromkeys(groups, replies)
        every = iter(replies)
        return {partition: list(islice(every, len(commands))) for partition, commands in groups.items()}
