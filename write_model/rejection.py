"""Refusals: a command that the rules do not allow. The docstring is the message, the code is the contract's."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import ClassVar, Final, Self

from pydantic_core import ErrorDetails

_SAID: Final[Mapping[str, str]] = {
    "string_too_short": "must have at least {min_length:,} characters",
    "string_too_long": "must have at most {max_length:,} characters",
    "too_long": "must have at most {max_length:,} elements, and has {actual_length:,}",
    "greater_than_equal": "must be at least {ge:,}",
    "less_than_equal": "must be at most {le:,}",
}
"""What is said of a broken bound, by pydantic's name for it; of everything else, what pydantic says."""


class Rejection(Exception):
    """A command was refused; nothing of it was committed.

    `code` is a UserErrorCode of the GraphQL contract; `field` the path into the mutation's arguments, where one
    argument is to blame.
    """

    code: ClassVar[str]

    def __init__(self, *, field: tuple[str, ...] | None = None, **facts: object) -> None:
        self.facts = facts
        self.field = field
        super().__init__(cleandoc(type(self).__doc__ or "").format(**facts))


class InvalidInput(Rejection):
    """{problem}"""

    code = "INVALID_INPUT"

    @classmethod
    def of(cls, details: ErrorDetails) -> Self:
        """What is wrong with the input of a mutation, by what its command's model says."""
        facts = details.get("ctx", {})
        problem = details["msg"].removeprefix("Value error, ")
        if said := _SAID.get(details["type"]):
            problem = "must not be empty" if facts.get("min_length") == 1 else said.format(**facts)
        return cls(problem=problem[:1].upper() + problem[1:], field=("input", *map(str, details["loc"])))


class VersionConflict(Rejection):
    """{id} is at version {version}, the command expected {expected}. Read it again and decide anew."""

    code = "VERSION_CONFLICT"


class TooManyConflicts(Rejection):
    """Concurrent commands kept changing the same things first. Nothing was done; send the command again."""

    code = "VERSION_CONFLICT"


class IdempotencyKeyReused(Rejection):
    """The idempotency key {key!r} already came with a different command. Use a new key for a new command."""

    code = "IDEMPOTENCY_KEY_REUSED"


class Unavailable(Exception):
    """A store is down or slow: no refusal, the client may send the command again, with its idempotency key."""


class Busy(Unavailable):
    """So much waits already that the command was not taken: nothing was done, nor will be."""
