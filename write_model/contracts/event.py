"""The shape that every event shares."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Something that happened, past tense, in primitives only. Events grow; a changed meaning is a new event.

    The class name is the event's type on the wire; `schema_version` counts its shapes.
    """

    # What is wrong with an event goes into logs, what it holds does not: there are names and addresses.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    schema_version: ClassVar[int] = 1
