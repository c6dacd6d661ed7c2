"""What became of each command: counted by its outcome, timed, and a span of its request's trace."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Final

from telemetry import tracing
from telemetry.distribution import Distribution
from write_model.contracts.ids import kind_of
from write_model.ports import Receipt
from write_model.queue.queued_command import AlreadySettled
from write_model.rejection import Rejection, Unavailable

COMMITTED: Final = "COMMITTED"
QUEUED: Final = "QUEUED"
REPLAYED: Final = "REPLAYED"
REJECTED: Final = "REJECTED"
"""A queued one, of which nobody waits for the reason."""
UNAVAILABLE: Final = "UNAVAILABLE"
SETTLED: Final = "SETTLED"
"""A queued one that somebody else ran."""
ABANDONED: Final = "ABANDONED"
"""Nobody waited for its answer to the end."""
FAILED: Final = "FAILED"
"""By a fault of the program."""

Send = Callable[[str | None], Awaitable[Receipt]]
"""Sends a command with the traceparent that its events are to have."""


class Outcomes:
    """Of the commands that this process has sent; a refusal's outcome is its code."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        """By the command's name and its outcome."""
        self.seconds: defaultdict[str, Distribution] = defaultdict(Distribution)
        """By the command's name."""

    async def of(self, name: str, trace: str | None, send: Send) -> Receipt:
        """The receipt; raises whatever `send` does."""
        began = time.perf_counter()
        try:
            with tracing.span(name, trace, **{"orderstream.command": name}) as inner:
                receipt = await send(inner)
            outcome = _outcome_of(receipt)
            return receipt
        except BaseException as error:
            outcome = _outcome_without_receipt(error)
            raise
        finally:
            self.counts[name, outcome] += 1
            self.seconds[name].add(time.perf_counter() - began)


def _outcome_without_receipt(error: BaseException) -> str:
    match error:
        case Rejection():
            return error.code
        case Unavailable():
            return UNAVAILABLE
        case AlreadySettled():
            return SETTLED
        case asyncio.CancelledError():
            return ABANDONED
    return FAILED


def _outcome_of(receipt: Receipt) -> str:
    if receipt.replayed:
        return REPLAYED
    if kind_of(receipt.id) != "cmd":
        return COMMITTED
    # What is about the command itself says that it was taken, or, from its second version on, what came of it.
    return QUEUED if receipt.version == 1 else REJECTED
