"""The queued command as MongoDB keeps it."""

from collections.abc import Mapping
from typing import Any, Final

from bson.timestamp import Timestamp

from write_model.actor import Actor
from write_model.ports import Aggregate
from write_model.queue.queued_command import CommandNotFound, QueuedCommand, Status, evolve

TURN: Final = "queued"
"""A waiting command's place in the queue: MongoDB's cluster time when it was inserted; one that is settled has none."""
NO_TURN: Final = Timestamp(0, 0)
"""MongoDB replaces this, in a new document, by the next tick of the cluster time (manual: "BSON Types", Timestamps).

A command that was sent after the answer to another has a later one, whichever processes took the two.
"""


def to_document(command: QueuedCommand) -> dict[str, Any]:
    """The command's document."""
    document = {
        "_id": command.id,
        "version": command.version,
        "status": command.status.value,
        "name": command.name,
        "input": command.input,
        "sender": {
            "role": command.sender.role,
            "subject": command.sender.subject,
            "customer_id": command.sender.customer_id,
        },
        "idempotency_key": command.idempotency_key,
        "trace": command.trace,
    }
    return document | {TURN: NO_TURN} if command.status is Status.QUEUED else document


def from_document(document: Mapping[str, Any]) -> QueuedCommand:
    """The command in its document."""
    return QueuedCommand(
        id=document["_id"],
        version=document["version"],
        status=Status(document["status"]),
        name=document["name"],
        sender=Actor(**document["sender"]),
        input=document["input"],
        idempotency_key=document["idempotency_key"],
        trace=document["trace"],
    )


QUEUED_COMMANDS: Final = Aggregate(
    kind="cmd",
    collection="commands",
    evolve=evolve,
    to_document=to_document,
    from_document=from_document,
    missing=CommandNotFound,
    visible_to=lambda command, actor: command.sender == actor,
    taken={},
    found_by=((TURN,),),
)
