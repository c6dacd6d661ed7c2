"""Why a query or a subscription has no answer. The docstring is the message, the code is the contract's."""

from inspect import cleandoc
from typing import ClassVar

from write_model.contracts.streams import Token


class ReadFault(Exception):
    """The read model gave no answer; `code` is what GraphQL errors carry in `extensions.code`."""

    code: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(cleandoc(type(self).__doc__ or "").format(**facts))


class Unavailable(ReadFault):
    """The read model cannot answer now, try again."""

    code = "UNAVAILABLE"


class BeingPrepared(Unavailable):
    """The read model is being prepared, try again."""


class NoReply(Unavailable):
    """The read model does not reply, try again."""


class Busy(Unavailable):
    """Too many {what} at once here, try again in a moment."""


class WrongPartitions(Unavailable):
    """PARTITIONS is {ours}, but the streams have {there_are}: set it so."""


class StandsStill(Unavailable):
    """Nothing was projected in {seconds:g} s in partitions {partitions}: relay or projector are down."""


class StaleRead(ReadFault):
    """The read model has not come to the consistency token in time, it is at {reached}. Try again."""

    code = "STALE_READ"

    def __init__(self, reached: Token) -> None:
        super().__init__(reached=reached.encode())
        self.reached = reached


class BadPage(ReadFault):
    """{argument}: {problem}"""

    code = "BAD_USER_INPUT"


class BadCursor(ReadFault):
    """{argument}: is not a cursor of this list, pass one that it gave."""

    code = "BAD_USER_INPUT"


class BadRange(ReadFault):
    """The range of days is not one: {problem}."""

    code = "BAD_USER_INPUT"


class CursorExpired(ReadFault):
    """The changes after this cursor are not kept any more. Read anew what you show, and subscribe without `after`."""

    code = "CURSOR_EXPIRED"


class BadSearch(ReadFault):
    """search: {problem}"""

    code = "BAD_USER_INPUT"


class ProductUnknown(ReadFault):
    """There is no product {id}."""

    code = "BAD_USER_INPUT"


class OrderUnknown(ReadFault):
    """There is no order {id}."""

    code = "BAD_USER_INPUT"


class CommandUnknown(ReadFault):
    """You have queued no command {id}."""

    code = "BAD_USER_INPUT"


class SlowConsumer(ReadFault):
    """More than {limit} changes were waiting to be taken. Subscribe again, from the last one that came."""

    code = "SLOW_CONSUMER"
