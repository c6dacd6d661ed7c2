"""An exchange: one request and its answer, or one operation over a WebSocket, as operators see it."""

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from graphql import GraphQLError
from starlette.types import Scope

from api.access import Caller
from api.heads import headers_of
from telemetry.distribution import Distribution
from telemetry.tracing import Span

EXCHANGE: Final = "orderstream.exchange"
"""Where a request's scope has it."""
OK: Final = "ok"

# W3C Trace Context, section 3.2, version 00; ids of zeros only are none.
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Tally:
    """What is counted of one operation. How long a subscription lasts says nothing, and is not."""

    __slots__ = ("faults", "ok", "seconds")

    def __init__(self) -> None:
        self.ok = 0
        self.faults: Final[dict[str, int]] = {}
        """By the code of the first error."""
        self.seconds: Final = Distribution()


class Planned(Protocol):
    """An operation that has a plan."""

    tally: Tally | None
    """Found once for all its exchanges."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str | None: ...


class Exchange:
    """Filled in by whoever finds something out. Made for every request, so that nothing is set that need not be."""

    type: str = "none"
    """`query`, `mutation` or `subscription`; `none` for what never came to be an operation."""
    name: str | None = None
    """As the client has it; None for an anonymous operation."""
    planned: Planned | None = None
    """What has a plan for it, and says `type` and `name`."""
    outcome: str = OK
    """Or the code of the first error."""
    error_ids: Sequence[str] = ()
    caller: Caller | None = None
    span: Span | None = None
    trace: str | None = None
    """The traceparent for what comes of it: that of its span; without one, what the client sent."""

    def __init__(self, began: float) -> None:
        self.began = began
        """By time.perf_counter."""

    def join(self, trace: str | None) -> str | None:
        """Its traceparent, where the client sent this one."""
        if self.span is None:
            self.trace = trace
        return self.trace

    def fail(self, errors: Sequence[GraphQLError] | None) -> None:
        """The answer has these errors, coded; of several answers the first that has any counts."""
        if errors and self.outcome is OK:
            extensions: list[dict[str, Any]] = [error.extensions or {} for error in errors]
            self.outcome = str(extensions[0].get("code", "INTERNAL"))
            self.error_ids = [its["errorId"] for its in extensions if "errorId" in its]


def traceparent_of(scope: Scope) -> str | None:
    """The traceparent that came with the request, if any."""
    header = headers_of(scope).get(b"traceparent")
    return valid_trace(header) if header else None


def valid_trace(header: bytes) -> str | None:
    """The header where it is one: what a client sends goes into every event of its command."""
    return header.decode() if _TRACEPARENT.fullmatch(header) else None
