"""Shows parked events: tables and texts for people, JSON for programs."""

import json
from collections.abc import Sequence
from contextlib import suppress
from textwrap import shorten
from typing import Any

from rich.console import Console
from rich.table import Table

from read_model.parked import ParkedEvent, ParkedQueue

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


def list_table(queues: Sequence[ParkedQueue]) -> None:
    """One row for each event that others wait behind, or that stands alone."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    if not queues:
        console.print("Nothing is parked.")
        return
    table = Table("ID", "Partition", "Aggregate", "Version", "Type", "Reason", "Behind")
    for queue in queues:
        head = queue.head
        version = "" if head.version is None else str(head.version)
        reason = shorten(printable(head.reason), SHOWN_REASON, placeholder=" ...")
        row = (printable(head.aggregate_id), version, printable(head.type), reason, str(queue.behind))
        table.add_row(str(head.position), str(head.partition), *row)
    console.print(table)


def list_json(queues: Sequence[ParkedQueue]) -> None:
    """A list of objects, as the table has rows."""
    print(json.dumps([_summary(queue.head) | {"behind": queue.behind} for queue in queues], indent=2))


def show_text(queue: Sequence[ParkedEvent], event: ParkedEvent) -> None:
    """The event, field by field, its data as JSON; then what is behind it."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    facts = {"position": str(event.position), "partition": str(event.partition), "reason": printable(event.reason)}
    for name, text in (facts | _fields(event)).items():
        console.print(f"{name:<10} {text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False)}")
    behind = _behind(queue, event)
    if behind:
        console.print(f"\nBehind it: {len(behind)}")
    for other in behind[:SHOWN_BEHIND]:
        console.print(f"  {other.position}  version {other.version}  {printable(other.type)}")
    if len(behind) > SHOWN_BEHIND:
        console.print(f"  and {len(behind) - SHOWN_BEHIND} more")


def show_json(queue: Sequence[ParkedEvent], event: ParkedEvent) -> None:
    """An object: the event, its entry, and all that is behind it."""
    behind = [_summary(other) for other in _behind(queue, event)]
    print(json.dumps(_summary(event) | {"entry": _fields(event), "behind": behind}, indent=2))


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
