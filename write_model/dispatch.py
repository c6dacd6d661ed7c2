"""The one door for commands: gives each its identity and its handler, and sends it to the commit."""

import hashlib
from typing import Protocol

from write_model.commands import COMMANDS
from write_model.contracts.ids import Entropy, new_id, new_slot
from write_model.ports import Actor, Clock, Command, Receipt, Submission
from write_model.rejection import InvalidInput

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
        if idempotency_key is not None and not _is_key(idempotency_key):
            problem = f"must have 1 to {_LONGEST_KEY} printable characters"
            raise InvalidInput(problem=problem, field=("idempotencyKey",))
        now = self._clock()
        submission = Submission(
            command=command,
            handler=COMMANDS[type(command)],
            command_id=new_id("cmd", new_slot(self._entropy), now, self._entropy),
            actor=actor,
            at=now,
            fingerprint=_fingerprint(command),
            idempotency_key=idempotency_key,
            trace=trace,
        )
        return await self._commit.submit(submission)


def _is_key(text: str) -> bool:
    # Half of a surrogate pair is not printable either: MongoDB could not store it, and the whole batch would fail.
    return 0 < len(text) <= _LONGEST_KEY and text.isprintable()


def _fingerprint(command: Command) -> str:
    """The same for equal commands only: SHA-256 over the type and the canonical JSON of the fields."""
    return hashlib.sha256(f"{type(command).__name__}:{command.model_dump_json()}".encode()).hexdigest()
