"""Parked events: how they are sorted, and what is said of one.

Those of an aggregate form a queue: the first is to blame, the others wait behind it. An entry that names no
aggregate (an empty text) is a queue of its own.
"""

from collections.abc import Mapping
from typing import Final

from write_model.contracts.given_up import member_of
from write_model.contracts.streams import Position

REASON: Final = "parked:reason"
"""Field of a parked event that its entry does not have: why it could not be projected."""


def aggregate_of(entry: Mapping[str, str]) -> str:
    """The aggregate that a stream entry names; empty where it names none that could be: ids are ASCII."""
    named = entry.get("aggregate", "")
    return named if named.isascii() else ""


def queue_of(aggregate_id: str, position: Position) -> tuple[str, str]:
    """Lexicographic bounds of the queue in which an event stands: its aggregate's members, or its own alone."""
    if aggregate_id:
        return f"[{aggregate_id}\0", f"({aggregate_id}\0:"  # a colon comes after the digits
    member = member_of(aggregate_id, position)
    return f"[{member}", f"[{member}"
