"""Traces: the way of one request through all processes, its spans joined by W3C traceparents.

A traceparent is what travels: in a request's header, in an event, in a change notice. Off, nothing is made, and what a
client sent travels on.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, Protocol

_SAMPLED: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][13579bdf]")
"""W3C Trace Context, section 3.2: version 00, trace, span, flags with the first bit set."""

Kind = Literal["internal", "server", "producer", "consumer"]
Attributes = Mapping[str, str | int]


class Span(Protocol):
    """A part of the way, under way."""

    @property
    def trace(self) -> str:
        """The traceparent for whatever comes of it."""
        ...

    def end(self, *, error: str | None = None, attributes: Attributes | None = None) -> None:
        """It is over; `error` is the code of what went wrong."""
        ...


class Tracer(Protocol):
    """What makes spans."""

    def begin(
        self, name: str, trace: str | None, kind: Kind, attributes: Attributes, at: int | None = None
    ) -> Span | None:
        """A span below the one that the traceparent names, since `at` (ns since 1970) or now; or the first of all.

        None where the trace is not one of those that are recorded.
        """
        ...


tracer: Tracer | None = None
"""None where tracing is off."""


def start(with_tracer: Tracer) -> None:
    """Trace from now on."""
    global tracer
    tracer = with_tracer


@contextmanager
def span(name: str, trace: str | None, **attributes: str | int) -> Iterator[str | None]:
    """A span while the block runs, below the one that the traceparent names; gives the traceparent to hand on.

    None without one: whether a trace is recorded is decided where it begins, and not again.
    """
    span = tracer.begin(name, trace, "internal", attributes) if tracer and trace else None
    if span is None:
        yield trace
        return
    try:
        yield span.trace
    except BaseException as error:
        span.end(error=str(getattr(error, "code", type(error).__name__)))
        raise
    span.end()


def sampled(traces: Iterable[str | None]) -> list[str]:
    """Those of the traceparents that are `recorded`, once each; none where tracing is off."""
    if tracer is None:
        return []
    return [trace for trace in dict.fromkeys(map(recorded, traces)) if trace]


def recorded(trace: str | None) -> str | None:
    """The traceparent, where tracing is on and it says that its trace is recorded."""
    return trace if tracer is not None and trace and _SAMPLED.fullmatch(trace) else None


def now() -> int:
    """The time, in ns since 1970."""
    return time.time_ns()


def record(name: str, traces: Iterable[str], since: int, attributes: Attributes, kind: Kind = "internal") -> None:
    """What was done at once for all of these, from then until now: a span in each of the traces."""
    if tracer is not None:
        for trace in traces:
            if span := tracer.begin(name, trace, kind, attributes, since):
                span.end()
