"""Shows an order: two tables and a verdict for people, an object for programs."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from stack.console import show, show_table
from stack.events.report import as_object, style_of
from stack.order.comparison import Compared
from stack.order.reading import Shown, Written
from write_model.contracts.codec import encode_time
from write_model.contracts.money import format_amount


def show_order(
    id: str, written: Written | None, shown: Shown | None, compared: Sequence[Compared], problems: Sequence[str]
) -> None:
    """Fields side by side, events with what became of each, and what is to be said of it."""
    currency = next((its.stored or its.shown for its in compared if its.field == "currency"), "")
    is_known = bool(written and shown)
    show(id)
    show_table(("", "MongoDB", "Redis", ""), (_row(its, currency, is_known) for its in compared))
    if written and written.events:
        events = [
            (
                str(document["version"]),
                Text(document["type"], style_of(id)),
                encode_time(document["occurred_at"]),
                document["actor"],
                _became(document["version"], document["_id"] in written.discarded, shown),
            )
            for document in written.events
        ]
        show_table(("Version", "Event", "At", "By", "In Redis"), events)
    for problem in problems:
        show(Text(problem, "bold yellow"))
    if written and shown and not problems:
        show(Text("MongoDB, Redis and the journal agree.", "bold green"))


def as_json(
    id: str, written: Written | None, shown: Shown | None, compared: Sequence[Compared], problems: Sequence[str]
) -> dict[str, Any]:
    """`state` and `row` field by field, null where there is none; `events` whole; `agree`, and `problems` in words."""
    events = written.events if written else []
    return {
        "id": id,
        "agree": bool(written and shown) and not problems,
        "problems": list(problems),
        "state": {its.field: its.stored for its in compared} if written and written.state else None,
        "row": {its.field: its.shown for its in compared} if shown and shown.row else None,
        "differences": [its.field for its in compared if its.problem],
        "events": [
            as_object(document)
            | {
                "in_redis": _became(
                    document["version"], document["_id"] in (written.discarded if written else ()), shown
                )
            }
            for document in events
        ],
    }


def _row(its: Compared, currency: str, is_known: bool) -> tuple[str | Text, ...]:
    if not is_known:
        mark = Text("")
    elif its.problem:
        mark = Text(its.problem, "bold red")
    else:
        mark = Text("=", "green") if its.stored == its.shown else Text("behind", "yellow")
    return its.field, _text(its.field, its.stored, currency), _text(its.field, its.shown, currency), mark


def _text(field: str, value: Any, currency: str) -> str:
    """A value for people."""
    if value is None:
        return ""
    if field == "total":
        return format_amount(value, currency)
    if field == "lines":
        return "\n".join(
            f"{line['quantity']} x {line['sku']} at {format_amount(line['unit_price'], currency)}" for line in value
        )
    return ", ".join(value.values()) if isinstance(value, dict) else str(value)


def _became(version: int, is_discarded: bool, shown: Shown | None) -> str:
    """What became of an event on its way into the row."""
    if is_discarded:
        return "discarded"
    if shown is None or not shown.is_prepared:
        return "unknown"
    if shown.row and version <= shown.row.summary.version:
        return "shown"
    if version in shown.parked:
        return "parked"
    return "published" if version in shown.waiting else "not published"
