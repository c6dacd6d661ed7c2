"""What becomes of a command in the queue: it is taken; later it runs, and its outcome is committed with its effect.

So it takes effect once, whoever else runs it too: the second finds it settled, or loses the race for its document's
version and then finds it settled.
"""

from typing import Any

from write_model.ports import Command, Handler, OnRefusal, UnitOfWork
from write_model.queue.document import QUEUED_COMMANDS
from write_model.queue.queued_command import check_queued, commit, reject, take
from write_model.rejection import Rejection


def taking(
    command_id: str, name: str, input: dict[str, Any], *, idempotency_key: str | None, trace: str | None
) -> Handler[Command]:
    """Takes the command instead of running it."""

    async def handle(_: Command, uow: UnitOfWork) -> str:
        taken = take(name, input, uow.actor, idempotency_key=idempotency_key, trace=trace)
        uow.record(QUEUED_COMMANDS, command_id, taken)
        return command_id

    return handle


def running(command_id: str, handler: Handler[Any]) -> Handler[Any]:
    """Runs the command and commits its outcome with it; AlreadySettled where it has one."""

    async def handle(command: Command, uow: UnitOfWork) -> str:
        queued = await uow.load(QUEUED_COMMANDS, command_id)
        check_queued(queued)
        result_id = await handler(command, uow)
        committed = commit(queued, result_id=result_id, result_version=uow.version_of(result_id))
        uow.record(QUEUED_COMMANDS, command_id, committed)
        return result_id

    return handle


def rejecting(command_id: str) -> OnRefusal:
    """Commits that the command was refused; AlreadySettled where it has an outcome."""

    async def record(refusal: Rejection, uow: UnitOfWork) -> str:
        queued = await uow.load(QUEUED_COMMANDS, command_id)
        uow.record(QUEUED_COMMANDS, command_id, reject(queued, refusal))
        return command_id

    return record
