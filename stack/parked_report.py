"""Shows parked events: tables and texts for people, JSON for programs."""

import json
from collections.abc import Sequence
from contextlib import suppress
from textwrap import shorten
from typing import Any, assert_never

from read_model.parked import ParkedEvent, ParkedQueue
from read_model.schema.requests import Answer, Outcome
from stack.console import show, show_json, show_table

SHOWN_BEHIND = 20
"""Of the events that wait behind another."""
SHOWN_REASON = 160
"""Characters of a reason in the table; `parked show` has them all."""


def printable(text: str) -> str:
    """The text, bytes in it that are no UTF-8 as `\\xff`."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def name_of(event: ParkedEvent) -> str:
    """The event's id, or its position where it has none."""
    return printable(event.event_id or str(event.position))


def show_queues(queues: Sequence[ParkedQueue], *, as_json: bool) -> None:
    """One row or object for each event that others wait behind, or that stands alone."""
    if as_json:
        show_json([_summary(queue.head) | {"behind": queue.behind} for queue in queues])
    elif queues:
        columns = ("ID", "Partition", "Aggregate", "Version", "Type", "Reason", "Behind")
        show_table(columns, map(_row, queues))
    else:
        show("Nothing is parked.")


def _row(queue: ParkedQueue) -> tuple[str, ...]:
    head = queue.head
    version = "" if head.version is None else str(head.version)
    reason = shorten(printable(head.reason), SHOWN_REASON, placeholder=" ...")
    names = (str(head.position), str(head.partition), printable(head.aggregate_id))
    return (*names, version, printable(head.type), reason, str(queue.behind))


def show_event(queue: Sequence[ParkedEvent], event: ParkedEvent, *, as_json: bool) -> None:
    """The event, field by field, its data as JSON, and what is behind it."""
    if as_json:
        behind = [_summary(other) for other in _behind(queue, event)]
        show_json(_summary(event) | {"entry": _fields(event), "behind": behind})
    else:
        _show_text(event, _behind(queue, event))


def _show_text(event: ParkedEvent, behind: Sequence[ParkedEvent]) -> None:
    facts = {"position": str(event.position), "partition": str(event.partition), "reason": printable(event.reason)}
    for name, text in (facts | _fields(event)).items():
        show(f"{name:<10} {text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False)}")
    if behind:
        show(f"\nBehind it: {len(behind)}")
    for other in behind[:SHOWN_BEHIND]:
        show(f"  {other.position}  version {other.version}  {printable(other.type)}")
    if len(behind) > SHOWN_BEHIND:
        show(f"  and {len(behind) - SHOWN_BEHIND} more")


class Answers:
    """What comes of queues that were asked to be projected again: told at once, or all as one list in JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._all: list[tuple[str, Answer]] = []

    def take(self, queue: str, answer: Answer) -> None:
        """One more."""
        self._all.append((queue, answer))
        if not self._as_json:
            show(f"{queue}: {told(answer)}")

    def end(self) -> None:
        """There are no more."""
        if self._as_json:
            show_json([_answer(queue, answer) for queue, answer in self._all])
        elif not self._all:
            show("Nothing is parked.")


def _answer(queue: str, answer: Answer) -> dict[str, Any]:
    stuck = answer.outcome is Outcome.STUCK
    return {
        "aggregate": queue,
        "outcome": answer.outcome,
        "projected": answer.projected,
        "id": str(answer.position) if stuck else None,
        "reason": printable(answer.reason) if stuck else None,
    }


def told(answer: Answer) -> str:
    """What came of a request, in words."""
    done = f"{answer.projected} parked {'event' if answer.projected == 1 else 'events'} taken in"
    match answer.outcome:
        case Outcome.FREE:
            return f"{done}, nothing is parked any more."
        case Outcome.STUCK:
            reason = " ".join(printable(answer.reason).split())
            return f"{done}; {answer.position} stays parked, and what is behind it: {reason}"
        case Outcome.UNKNOWN:
            return "the projector does not know this kind of request: it is older than this command line."
        case None:
            raise ValueError("an answer that is told has an outcome")
        case outcome:
            assert_never(outcome)


def _behind(queue: Sequence[ParkedEvent], event: ParkedEvent) -> list[ParkedEvent]:
    return [other for other in queue if other.position > event.position]


def _summary(event: ParkedEvent) -> dict[str, Any]:
    return {
        "id": str(event.position),
        "partition": event.partition,
        "aggregate": printable(event.aggregate_id),
        "version": event.version,
        "type": printable(event.type),
        "reason": printable(event.reason),
        "discarded": event.is_given_up,
    }


def _fields(event: ParkedEvent) -> dict[str, Any]:
    """The entry's fields, `data` as an object where it is one."""
    fields: dict[str, Any] = {printable(name): printable(text) for name, text in event.entry.items()}
    with suppress(KeyError, ValueError):
        fields["data"] = json.loads(fields["data"])
    return fields
