"""Shows events: a line or a block for people, an object a line for programs."""

import json
from typing import Any

from rich.text import Text

from stack.console import show, show_json
from write_model.contracts.codec import encode_time
from write_model.contracts.ids import kind_of
from write_model.contracts.streams import Position
from write_model.mongo.database import Document
from write_model.mongo.discarded import Discard

_STYLES = {"cus": "magenta", "prd": "yellow", "ord": "cyan", "cmd": "blue"}
_CONTEXT = ("aggregate_id", "version", "ordinal", "type", "schema_version", "command_id", "actor", "trace", "data")


def as_object(document: Document) -> dict[str, Any]:
    """An event of the journal as JSON has it."""
    its = {name: document[name] for name in _CONTEXT}
    return {"id": document["_id"], "occurred_at": encode_time(document["occurred_at"]), **its}


def show_followed(position: Position, document: Document, *, as_json: bool) -> None:
    """An event that has just been seen, in a line."""
    event = as_object(document)
    if as_json:
        show_json({"position": str(position), **event}, one_line=True)
        return
    line = Text.assemble(
        (event["occurred_at"], "dim"),
        (f"  {event['type']:<20}", f"bold {style_of(event['aggregate_id'])}"),
        f"  {event['id']}  ",
        (f"{event['actor']}  ", "dim"),
        json.dumps(event["data"], ensure_ascii=False),
    )
    show(line, one_line=True)


def show_whole(document: Document, discarded: Discard | None, *, as_json: bool) -> None:
    """An event with all that it has, and who gave it up if anybody did."""
    event = as_object(document)
    if as_json:
        given_up = discarded and {"by": discarded.by, "at": encode_time(discarded.at), "why": discarded.why}
        show_json({**event, "discarded": given_up}, one_line=True)
        return
    show(Text.assemble((event["type"], f"bold {style_of(event['aggregate_id'])}"), f"  {event['id']}"))
    facts = [
        ("at", event["occurred_at"]),
        ("by", event["actor"]),
        ("command", event["command_id"]),
        ("trace", event["trace"]),
        ("schema", f"{event['schema_version']}, event {event['ordinal']} of its transaction, from 0"),
        ("discarded", discarded and f"{encode_time(discarded.at)} by {discarded.by} {discarded.why}".strip()),
        ("data", json.dumps(event["data"], indent=2, ensure_ascii=False).replace("\n", "\n  ")),
    ]
    for name, text in facts:
        if text:
            show(Text.assemble((f"  {name:<10} ", "dim"), text))


def style_of(aggregate_id: str) -> str:
    """The colour of its kind."""
    return _STYLES.get(kind_of(aggregate_id) or "", "white")
