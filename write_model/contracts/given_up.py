"""Events that operators gave up, as relays tell the projector of them: by aggregate and position."""

from typing import Final

from write_model.contracts.streams import Position, hash_tag

DISCARDED: Final = "discard"
"""What is said of an event that the journal has, and that is given up all the same."""


def discarded_key(partition: int) -> str:
    """Hash: what the partition's events were asked with that were given up (read_model requests.Ask), by `member_of`.

    The streams still have them: whatever is projected again, or in a generation made anew, gives them up as well. Once
    a stream is filled again, it has tombstones in their place.
    """
    return f"{hash_tag(partition)}:discarded"


def member_of(aggregate_id: str, position: Position) -> str:
    """The event as a member of a set. Numbers below 2**53 have 16 digits at most, so members sort as positions do."""
    return f"{aggregate_id}\0{position.ms:016}-{position.seq:016}"


def place_of(member: str) -> tuple[str, Position]:
    """The aggregate and the position in a member."""
    aggregate_id, _, position = member.rpartition("\0")
    return aggregate_id, Position.parse(position)
