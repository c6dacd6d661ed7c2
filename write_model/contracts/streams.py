"""Streams: their names, partitions, positions in them, and the token that marks a commit.

A position is a property of the commit, never of the moment of publication: every relay computes the same.
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Final, NamedTuple, Self

from write_model.contracts.ids import slot_of

ORDINAL_BITS: Final = 20
MOST_TOGETHER: Final = 10_000
"""Events of one commit that relays publish, and a projector takes in, together; at most."""


class Position(NamedTuple):
    """A place in the total order of events; also the id of a Redis stream entry, `<ms>-<seq>`.

    `ms` is the commit's cluster time in seconds * 1000; `seq` its increment << 20 | the event's ordinal in the
    transaction. Both stay below 2**53, so Lua and JavaScript compare them exactly.
    """

    ms: int
    seq: int

    @classmethod
    def of_commit(cls, seconds: int, increment: int, ordinal: int = 0) -> Self:
        """The position of an event, by its commit's cluster time and its ordinal there."""
        return cls(seconds * 1000, increment << ORDINAL_BITS | ordinal)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<ms>-<seq>`; ValueError on anything else."""
        ms, _, seq = text.partition("-")
        return cls(int(ms), int(seq))

    @property
    def cluster_time(self) -> tuple[int, int]:
        """The commit's cluster time: seconds and increment."""
        return self.ms // 1000, self.seq >> ORDINAL_BITS

    @property
    def end_of_commit(self) -> "Position":
        """The highest position that an event of the same commit can have."""
        return Position(self.ms, self.seq | (1 << ORDINAL_BITS) - 1)

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"


BEGINNING: Final = Position(0, 0)


def partition_of(id: str, partitions: int) -> int:
    """The partition of an aggregate: its slot modulo the number of partitions."""
    return slot_of(id) % partitions


def hash_tag(partition: int) -> str:
    """What every key of a partition begins with, so that they share a slot of a Redis Cluster."""
    return f"{{p{partition}}}"


def events_key(partition: int) -> str:
    """The Redis stream with the partition's events and watermarks, ids are positions."""
    return f"{hash_tag(partition)}:events"


def projected_key(partition: int) -> str:
    """The Redis hash where the projector acknowledges: `generation`, `position`, and the id of the last `step`.

    `complete`, once it is: the id of the step by which it came to be.
    """
    return f"{hash_tag(partition)}:projected"


def rebuild_key(partition: int) -> str:
    """The Redis hash of a generation that is being made beside the one that serves; there is none most of the time.

    `generation` and the `position` that it has come to; `purpose`, "rebuild" or "verify"; `rate`, the events a second
    that may be replayed, or nothing. The relay adds `passed` and `total`, how many events of the journal the replay has
    gone past and how many there are, and `problem` where it cannot go on.
    """
    return f"{hash_tag(partition)}:rebuild"


def replay_key(partition: int) -> str:
    """The Redis stream in which the relay replays the journal for that generation, many events an entry
    (codec.encode_replayed); bounded.
    """
    return f"{hash_tag(partition)}:replay"


PARTITIONS_KEY: Final = "partitions"
"""Redis string: how many partitions the relay publishes to. Whoever reads with another number reads wrong."""


class InvalidToken(ValueError):
    """The text is not a consistency token."""


class Token(NamedTuple):
    """A mark of a commit: whoever sees each partition at its position or beyond sees the commit's effects.

    A position for each partition, because the last event of a commit is the last in one of them only: the others
    would reach it no sooner than with the next watermark.
    """

    positions: tuple[tuple[int, Position], ...]

    @classmethod
    def at(cls, position: Position, partitions: Iterable[int]) -> Self:
        """The same position in all of the partitions."""
        return cls(tuple((partition, position) for partition in partitions))

    @property
    def partitions(self) -> tuple[int, ...]:
        """Those that the token names."""
        return tuple(partition for partition, _ in self.positions)

    @property
    def position(self) -> Position:
        """The highest of its positions, BEGINNING where it names no partition."""
        return max((position for _, position in self.positions), default=BEGINNING)

    def encode(self) -> str:
        """Opaque text for clients: URL-safe base64 of `<partition>:<ms>-<seq>,<partition>:<ms>-<seq>...`."""
        text = ",".join(f"{partition}:{position}" for partition, position in self.positions)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """The token in the text; InvalidToken where there is none."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            parts = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(",")
            pairs = [part.partition(":") for part in parts if part]
            return cls(tuple((int(partition), Position.parse(position)) for partition, _, position in pairs))
        except (ValueError, binascii.Error) as error:
            raise InvalidToken("not a consistency token: pass one that a receipt gave") from error
