"""Parking: what cannot be projected is set aside with its reason, in order, and everything else goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from read_model.schema.parked import REASON
from write_model.contracts.streams import Position

ATTEMPTS: Final = 3
"""How often a step is tried before what fails in it is parked."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream entry that was set aside. `aggregate_id` is empty where the entry does not even name one."""

    position: Position
    aggregate_id: str
    reason: str
    entry: Mapping[str, str]

    def encode(self) -> dict[str, bytes]:
        """The hash of the parked event: its own entry as it came, with the reason.

        Bytes that were no UTF-8 came as surrogates, and leave as the bytes that they were.
        """
        fields = {**self.entry, REASON: self.reason}
        return {name: text.encode(errors="surrogateescape") for name, text in fields.items()}


def reason_of(error: Exception) -> str:
    """Why an event is parked, for the person who looks at it."""
    return f"{type(error).__name__}: {error}"


def behind(aggregate_id: str) -> str:
    """Why an event is parked that has nothing wrong itself."""
    return f"an earlier event of {aggregate_id} is parked"
