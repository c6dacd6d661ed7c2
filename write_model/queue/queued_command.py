"""A queued command: what it knows, what it decides, how it changes."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, assert_never

from write_model.actor import Actor
from write_model.contracts.commands import (
    CommandCommitted,
    CommandEvent,
    CommandQueued,
    CommandRejected,
    Refusal,
    Sender,
)
from write_model.rejection import Rejection


class Status(StrEnum):
    QUEUED = "QUEUED"
    COMMITTED = "COMMITTED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class QueuedCommand:
    """A command between the moment it was taken and its outcome; `input` is let go once it has one."""

    id: str
    version: int
    status: Status
    name: str
    sender: Actor
    input: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    trace: str | None = None


class CommandNotFound(Rejection):
    """There is no command {id}."""

    code = "NOT_FOUND"


class AlreadySettled(Exception):
    """The command has its outcome: somebody else ran it."""


def take(
    name: str, input: dict[str, Any], sender: Actor, *, idempotency_key: str | None, trace: str | None
) -> list[CommandEvent]:
    """The command waits from now on."""
    named = Sender(role=sender.role, subject=sender.subject, customer_id=sender.customer_id)
    return [CommandQueued(name=name, input=input, sender=named, idempotency_key=idempotency_key, trace=trace)]


def commit(command: QueuedCommand, *, result_id: str, result_version: int) -> list[CommandEvent]:
    """It took effect; AlreadySettled where it has an outcome."""
    check_queued(command)
    return [CommandCommitted(result_id=result_id, result_version=result_version)]


def reject(command: QueuedCommand, refusal: Rejection) -> list[CommandEvent]:
    """It was refused; AlreadySettled where it has an outcome."""
    check_queued(command)
    return [CommandRejected(refusals=(Refusal(code=refusal.code, message=str(refusal), field=refusal.field),))]


def check_queued(command: QueuedCommand) -> None:
    """AlreadySettled unless the command still waits."""
    if command.status is not Status.QUEUED:
        raise AlreadySettled(command.id)


def evolve(id: str, command: QueuedCommand | None, event: CommandEvent) -> QueuedCommand:
    """The command after the event."""
    if isinstance(event, CommandQueued):
        sender = Actor(event.sender.role, event.sender.subject, event.sender.customer_id)
        return QueuedCommand(id, 1, Status.QUEUED, event.name, sender, event.input, event.idempotency_key, event.trace)
    assert command is not None
    settled = replace(command, version=command.version + 1, input={})
    match event:
        case CommandCommitted():
            return replace(settled, status=Status.COMMITTED)
        case CommandRejected():
            return replace(settled, status=Status.REJECTED)
        case _:
            assert_never(event)
