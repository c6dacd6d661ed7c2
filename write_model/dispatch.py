"""The one door for commands: gives each its identity and its handler, and sends it to the commit, now or later."""

import hashlib
from dataclasses import replace
from typing import Protocol

from pydantic import ValidationError

from write_model.commands import COMMANDS, NAMED, name_of
from write_model.contracts.ids import Entropy, new_id, new_slot
from write_model.ports import Actor, Clock, Command, Handler, Receipt, Submission, UnitOfWork
from write_model.queue.handlers import rejecting, running, taking
from write_model.queue.queued_command import QueuedCommand
from write_model.rejection import InvalidInput, TooManyConflicts, Unavailable

_LONGEST_KEY = 200


class Commit(Protocol):
    """Decides a submission and commits it; raises its Rejection, or Unavailable."""

    async def submit(self, submission: Submission) -> Receipt: ...


class Dispatcher:
    """Commands in, receipts out. The clock is read when a command is taken: that is the time of its events."""

    def __init__(self, commit: Commit, *, clock: Clock, entropy: Entropy) -> None:
        self._commit = commit
        self._clock = clock
        self._entropy = entropy

    async def dispatch(
        self, command: Command, actor: Actor, *, idempotency_key: str | None = None, trace: str | None = None
    ) -> Receipt:
        """Run the command. Raises Rejection where the rules refuse it, Unavailable where it is not known to be done.

        With an idempotency key a repetition answers the first receipt; after Unavailable, repeat with the same key.
        """
        return await self._commit.submit(self._submission(command, actor, idempotency_key, trace))

    async def queue(
        self, command: Command, actor: Actor, *, idempotency_key: str | None = None, trace: str | None = None
    ) -> Receipt:
        """Take the command durably, for a worker to `run`; the receipt's id is the command's own. Raises as `dispatch`.

        An idempotency key holds across both ways: as long as the command waits, a repetition answers this receipt,
        afterwards that of its effect. A key whose command was rejected is free again, as it is without the queue.
        """
        submission = self._submission(command, actor, idempotency_key, trace)
        take = taking(
            submission.command_id,
            name_of(type(command)),
            command.model_dump(mode="json", by_alias=True, exclude_unset=True),
            idempotency_key=idempotency_key,
            trace=trace,
        )
        try:
            return await self._commit.submit(replace(submission, handler=take))
        except TooManyConflicts:
            # Those of others, committed together with it. Refused, it would be overtaken by what its sender sends next.
            raise Unavailable("too many commands are changing the same things, send it again later") from None

    async def run(self, queued: QueuedCommand) -> Receipt:
        """Run a queued command in its sender's name; its outcome, a refusal too, is committed with its effect.

        Raises AlreadySettled where it has one, Unavailable and TooManyConflicts where it still waits.
        """
        command_type = NAMED[queued.name]
        try:
            command, handler = command_type.model_validate(queued.input), COMMANDS[command_type]
        except ValidationError as error:
            # Its rules were others when it was taken.
            command, handler = Command(), _refusing(error)
        return await self._commit.submit(
            Submission(
                command=command,
                handler=running(queued.id, handler),
                command_id=queued.id,
                actor=queued.sender,
                at=self._clock(),
                fingerprint=_fingerprint(command),
                idempotency_key=queued.idempotency_key,
                trace=queued.trace,
                on_refusal=rejecting(queued.id),
            )
        )

    def _submission(self, command: Command, actor: Actor, idempotency_key: str | None, trace: str | None) -> Submission:
        if idempotency_key is not None and not _is_key(idempotency_key):
            problem = f"must have 1 to {_LONGEST_KEY} printable characters"
            raise InvalidInput(problem=problem, field=("idempotencyKey",))
        now = self._clock()
        return Submission(
            command=command,
            handler=COMMANDS[type(command)],
            command_id=new_id("cmd", new_slot(self._entropy), now, self._entropy),
            actor=actor,
            at=now,
            fingerprint=_fingerprint(command),
            idempotency_key=idempotency_key,
            trace=trace,
        )


def _refusing(error: ValidationError) -> Handler[Command]:
    details = error.errors()[0]

    async def handle(_command: Command, _uow: UnitOfWork) -> str:
        raise InvalidInput.of(details)

    return handle


def _is_key(text: str) -> bool:
    # Half of a surrogate pair is not printable either: MongoDB could not store it, and the whole batch would fail.
    return 0 < len(text) <= _LONGEST_KEY and text.isprintable()


def _fingerprint(command: Command) -> str:
    """The same for equal commands only: SHA-256 over the type and the canonical JSON of the fields."""
    return hashlib.sha256(f"{type(command).__name__}:{command.model_dump_json()}".encode()).hexdigest()
