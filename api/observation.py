"""What operators see of each exchange: it is counted by operation and outcome, logged where it is worth a line, and is
a span of its trace.
"""

import logging
import time
from math import inf
from time import perf_counter
from typing import Any, Final, Self

from api.access import Caller
from api.exchange import OK, Exchange, Planned, Tally
from api.settings import ApiSettings
from telemetry import metrics, tracing

MOST_NAMES: Final = 200
"""Of operations, that have numbers of their own: clients make them up. The first with plans, of those who signed in."""
LONGEST_NAME: Final = 80
ANONYMOUS: Final = "anonymous"
OTHER: Final = "other"
GRAVE: Final = frozenset({"INTERNAL", "TIMEOUT", "UNAVAILABLE"})
"""Outcomes for which the operator may be to blame; whatever else goes wrong is the client's business."""
MOST_LINES: Final = 100
"""In a second, of those that are logged for being slow or grave: what goes wrong under load must not add to it."""

_OF_STATUS: Final = {0: "ABANDONED", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 429: "THROTTLED", 500: "INTERNAL",
                     503: "UNAVAILABLE", 504: "TIMEOUT"}  # fmt: skip

_log = logging.getLogger("api.requests")


class Observation:
    """Who watches the exchanges of one process."""

    def __init__(self, settings: ApiSettings) -> None:
        self.tallies: Final[dict[tuple[str, str], Tally]] = {}
        """By type and name of the operation."""
        self._logs_all = settings.log_requests == "all"
        self._slow = inf if settings.log_requests == "none" else settings.slow_request_seconds
        self._logs_grave = settings.log_requests != "none"
        self.faults = 0
        """Exchanges that ended in a fault of the program."""
        self._second = 0
        self._lines = self._left_out = 0

    @classmethod
    def of(cls, settings: ApiSettings) -> Self | None:
        """None where nobody wants to see anything."""
        return cls(settings) if settings.log_requests != "none" or metrics.are_on() or tracing.tracer else None

    def begin(self, trace: str | None, name: str) -> Exchange:
        """One that begins now; both are for its span, where there is one: the client's traceparent, its name."""
        exchange = Exchange(perf_counter())
        if tracing.tracer and (span := tracing.tracer.begin(name, trace, "server", {})):
            exchange.span, exchange.trace = span, span.trace
        return exchange

    def end(self, exchange: Exchange, method: str, path: str, status: int | None) -> None:
        """It is over; `status` is HTTP's: 0 where the client has left before it, None over a WebSocket."""
        seconds = perf_counter() - exchange.began
        planned = exchange.planned
        if planned:
            tally = planned.tally or self._tally_of(planned, exchange.caller)
        else:
            tally = self._tally(exchange.type, exchange.name)
        if status != 200 and exchange.outcome is OK and status is not None and not 200 <= status < 400:
            exchange.outcome = _OF_STATUS.get(status, "BAD_USER_INPUT")
        if exchange.outcome is OK:
            tally.ok += 1
        else:
            self.faults += exchange.outcome == "INTERNAL"
            tally.faults[exchange.outcome] = tally.faults.get(exchange.outcome, 0) + 1
        is_lasting = exchange.type == "subscription"
        if not is_lasting:
            tally.seconds.add(seconds)
        if (
            (seconds > self._slow and not is_lasting)
            or (exchange.outcome in GRAVE and self._logs_grave)
            or self._logs_all
        ):
            self._write(exchange, method, path, status, seconds)
        if exchange.span:
            error = None if exchange.outcome is OK else exchange.outcome
            exchange.span.end(error=error, attributes=_attributes(exchange, status))

    def _tally_of(self, planned: Planned, caller: Caller | None) -> Tally:
        if caller is None or caller.role == "nobody":  # a stranger's names must not take the place of others'
            return self._tally(planned.type, planned.name)
        planned.tally = self._tally(planned.type, planned.name, may_name=True)
        return planned.tally

    def _tally(self, type: str, name: str | None, *, may_name: bool = False) -> Tally:
        known = self.tallies.get((type, ANONYMOUS if name is None else name))
        if known:
            return known
        if name is None:
            name = ANONYMOUS
        elif not may_name or len(self.tallies) >= MOST_NAMES or len(name) > LONGEST_NAME:
            name = OTHER
        return self.tallies.setdefault((type, name), Tally())

    def _write(self, exchange: Exchange, method: str, path: str, status: int | None, seconds: float) -> None:
        if not self._logs_all and not self._has_room():
            return
        caller, operation = exchange.caller, exchange.planned or exchange
        fields: dict[str, Any] = {
            "method": method,
            "path": path,
            "operation": operation.name and operation.name[:LONGEST_NAME],
            "type": operation.type,
            "outcome": exchange.outcome,
            "status": status,
            "seconds": round(seconds, 6),
            "role": caller and caller.role,
            "subject": caller and caller.subject,
            "error_ids": list(exchange.error_ids),
            "trace_id": exchange.trace and exchange.trace[3:35],
        }
        if self._left_out:
            fields["left_out"], self._left_out = self._left_out, 0
        fields = {name: value for name, value in fields.items() if value not in (None, [], "", 0)}
        name = fields.get("operation", ANONYMOUS)
        _log.info("%s %s: %s in %.1f ms", operation.type, name, exchange.outcome, 1000 * seconds, extra=fields)

    def _has_room(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        self._left_out += self._lines > MOST_LINES
        return self._lines <= MOST_LINES


def _attributes(exchange: Exchange, status: int | None) -> dict[str, str | int]:
    operation = exchange.planned or exchange
    attributes: dict[str, str | int] = {"graphql.operation.type": operation.type}
    if operation.name:
        attributes["graphql.operation.name"] = operation.name[:LONGEST_NAME]
    if status:
        attributes["http.response.status_code"] = status
    return attributes
