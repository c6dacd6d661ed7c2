"""Group commit: commands that arrive together are decided in arrival order and committed in one transaction.

The commands of a batch load and decide at once, over what the database has; then they are admitted in arrival
order, and one that has read what an earlier one changed decides again over the batch's own state. So ten orders of
one hot product are one update. There is no timer: a batch is what queued up while the last one was in flight.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import PyMongoError

from write_model.contracts.envelope import Envelope
from write_model.contracts.ids import Entropy, slot_of
from write_model.contracts.streams import ORDINAL_BITS, Position, Token
from write_model.mongo import transaction
from write_model.mongo.database import Client, Database
from write_model.mongo.lease import Lease
from write_model.mongo.loader import Loader, find_in
from write_model.mongo.orphans import IDLE_SECONDS, end_orphans
from write_model.mongo.receipts import ReceiptId, StoredReceipt, find_receipts, receipt_id
from write_model.mongo.transaction import Batch, Change, CommitUnknown, Conflict, Taken
from write_model.mongo.unit_of_work import Work
from write_model.ports import Receipt, Submission
from write_model.rejection import IdempotencyKeyReused, Rejection, TooManyConflicts, Unavailable
from write_model.settings import WriteSettings

_LAST_ORDINAL = (1 << ORDINAL_BITS) - 1
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Pending:
    submission: Submission
    answer: asyncio.Future[Receipt]

    def settle(self, outcome: Receipt | BaseException) -> None:
        """Tell the one who waits, unless they have gone."""
        if self.answer.done():
            return
        if isinstance(outcome, BaseException):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


@dataclass(slots=True)
class _Plan:
    """What an attempt has decided for the commands it took: refusals, replays, and what is to be written."""

    taken: int = 0
    refused: list[tuple[_Pending, BaseException]] = field(default_factory=list)
    replayed: list[tuple[_Pending, StoredReceipt]] = field(default_factory=list)
    admitted: list[tuple[_Pending, StoredReceipt, dict[int, int]]] = field(default_factory=list)
    """With the ordinal of the command's last event in each slot; empty for one that had nothing to say."""
    changes: dict[str, Change] = field(default_factory=dict)
    envelopes: list[Envelope[Any]] = field(default_factory=list)
    receipts: dict[ReceiptId, StoredReceipt] = field(default_factory=dict)


class Committer:
    """The one way to change anything. Start `run` once; `submit` from anywhere in the same event loop."""

    def __init__(
        self, client: Client, database: Database, settings: WriteSettings, *, entropy: Entropy, gate: Lease,
        jitter: Callable[[], float],
    ) -> None:  # fmt: skip
        self._client = client
        self._database = database
        self._settings = settings
        self._entropy = entropy
        self._gate = gate
        self._jitter = jitter
        self._gate_until = 0.0
        self._waiting: deque[_Pending] = deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def submit(self, submission: Submission) -> Receipt:
        """Decide and commit; raises the command's Rejection, or Unavailable where no answer could be had."""
        if len(self._waiting) >= self._settings.commands_waiting:
            raise Unavailable("too many commands are waiting, send it again later")
        pending = _Pending(submission, asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        self._arrived.set()
        self._idle.clear()
        return await pending.answer

    async def run(self) -> None:
        """Commit what arrives, one batch in flight, until cancelled; `drain` first."""
        while True:
            await self._arrived.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.commit_batch))]
            try:
                await self._settle(batch)
            finally:
                for pending in batch:
                    pending.settle(Unavailable("the server is stopping"))  # those who have an answer keep it
                if not self._waiting:
                    self._arrived.clear()
                    self._idle.set()

    async def drain(self) -> None:
        """Wait until every command that was taken has its answer."""
        await self._idle.wait()

    async def _settle(self, batch: list[_Pending]) -> None:
        """Attempt until every command of the batch has its answer; what a full transaction left waits in front."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.command_timeout_seconds
        patience = loop.time() + IDLE_SECONDS
        try:
            while batch:
                try:
                    taken = await self._attempt(batch)
                    self._waiting.extendleft(reversed(batch[taken:]))
                    batch[taken:] = []
                    break
                except Taken as error:
                    culprit = next(p for p in batch if p.submission is error.change.submission)
                    culprit.settle(error.change.aggregate.taken[error.field](error.change.state))
                    batch.remove(culprit)
                except Conflict:
                    if loop.time() > deadline:
                        raise
                    if loop.time() > patience:
                        patience = loop.time() + IDLE_SECONDS
                        if orphans := await end_orphans(self._client):
                            _log.warning("ended %d transactions that nobody went on with", orphans)
                    await self._enter_gate(deadline)
            await self._leave_gate_in_time()
        except Conflict:
            self._fail(batch, TooManyConflicts)
        except CommitUnknown:
            self._fail(
                batch, lambda: Unavailable("the commit's outcome is unknown: repeat it with its idempotency key")
            )
        except PyMongoError as error:
            _log.warning("MongoDB failed a batch of %d commands: %s", len(batch), error)
            self._fail(batch, lambda: Unavailable("the database does not answer, send the command again"))
        except Exception as error:
            _log.exception("a batch of %d commands failed", len(batch))
            for pending in batch:
                pending.settle(error)

    @staticmethod
    def _fail(batch: list[_Pending], reason: Callable[[], Exception]) -> None:
        for pending in batch:
            pending.settle(reason())

    async def _attempt(self, batch: list[_Pending]) -> int:
        """Decide and commit the batch; answers how many of its commands, from the front, have been settled."""
        plan = await self._decide(batch)
        async with await self._client.start_session() as session:
            if plan.changes or plan.receipts:
                written = Batch(list(plan.changes.values()), plan.envelopes, list(plan.receipts.items()))
                await transaction.write(self._database, session, written)
            elif plan.replayed or plan.admitted:
                await self._database.command("ping", session=session)
            self._answer(plan, session)
        return plan.taken

    async def _decide(self, batch: list[_Pending]) -> _Plan:
        loader = Loader(find_in(self._database))
        works = [self._work(pending.submission, loader) for pending in batch]
        keys = [key for pending in batch if (key := receipt_id(pending.submission))]
        known, outcomes = await asyncio.gather(
            find_receipts(self._database, list(dict.fromkeys(keys))), asyncio.gather(*(_run(work) for work in works))
        )
        plan = _Plan()
        for pending, work, outcome in zip(batch, works, outcomes, strict=True):
            if len(plan.envelopes) >= self._settings.commit_events:
                break
            plan.taken += 1
            submission = pending.submission
            key = receipt_id(submission)
            receipt = key and (plan.receipts.get(key) or known.get(key))
            if receipt:
                if receipt.fingerprint == submission.fingerprint:
                    plan.replayed.append((pending, receipt))
                else:
                    refusal = IdempotencyKeyReused(key=submission.idempotency_key, field=("idempotencyKey",))
                    plan.refused.append((pending, refusal))
                continue
            if not work.is_current:
                work = self._work(submission, loader)
                outcome = await _run(work)
            if isinstance(outcome, BaseException):
                plan.refused.append((pending, outcome))
                continue
            self._admit(plan, pending, work, outcome, loader)
        return plan

    def _work(self, submission: Submission, loader: Loader) -> Work:
        return Work(submission, loader, currency=self._settings.currency, entropy=self._entropy)

    def _admit(self, plan: _Plan, pending: _Pending, work: Work, aggregate_id: str, loader: Loader) -> None:
        submission = pending.submission
        versions = {id: loader.version(id) for _, id, _ in work.events}
        ordinals: dict[int, int] = {}
        for _, id, event in work.events:
            versions[id] += 1
            envelope = Envelope(
                aggregate_id=id,
                version=versions[id],
                ordinal=len(plan.envelopes),
                occurred_at=submission.at,
                command_id=submission.command_id,
                actor=str(submission.actor),
                trace=submission.trace,
                event=event,
            )
            ordinals[slot_of(id)] = envelope.ordinal
            plan.envelopes.append(envelope)
        work.admit()
        for aggregate, id, _ in work.events:
            state = loader.state(aggregate, id)
            assert state is not None
            plan.changes[id] = Change(aggregate, loader.loaded_version(id), state, submission)
        receipt = StoredReceipt.of(submission, aggregate_id, work.version_of(aggregate_id), list(versions))
        if key := receipt_id(submission):
            plan.receipts[key] = receipt
        plan.admitted.append((pending, receipt, ordinals))

    def _answer(self, plan: _Plan, session: AsyncIOMotorClientSession) -> None:
        """Refusals too are answered only now: they may rest on what was committed with them."""
        for pending, refusal in plan.refused:
            pending.settle(refusal)
        if not (plan.admitted or plan.replayed):
            return
        now = transaction.operation_time(session)
        for pending, stored, ordinals in plan.admitted:
            pending.settle(self._receipt(stored, now, ordinals, replayed=False))
        for pending, stored in plan.replayed:
            pending.settle(self._receipt(stored, now, {}, replayed=True))

    def _receipt(
        self, stored: StoredReceipt, now: Timestamp, ordinals: Mapping[int, int], *, replayed: bool
    ) -> Receipt:
        """The receipt, with the token of a commit at `now` or before.

        The effect of a command that had nothing to say is some commit up to now, at any ordinal of it.
        """
        last: dict[int, int] = {}
        for slot in stored.slots:
            partition = slot % self._settings.partitions
            last[partition] = max(last.get(partition, 0), ordinals.get(slot, 0 if ordinals else _LAST_ORDINAL))
        bounds = tuple((p, Position.of_commit(now.time, now.inc, ordinal)) for p, ordinal in sorted(last.items()))
        return Receipt(
            command_id=stored.command_id,
            id=stored.aggregate_id,
            version=stored.version,
            token=Token(bounds).encode(),
            committed_at=stored.committed_at,
            replayed=replayed,
        )

    async def _enter_gate(self, deadline: float) -> None:
        """After a conflict, processes take turns: whoever holds the gate keeps it for about a second."""
        loop = asyncio.get_running_loop()
        while loop.time() < deadline:
            if loop.time() < self._gate_until or await self._gate.acquire():
                self._gate_until = self._gate_until or loop.time() + GATE_SECONDS
                return
            await asyncio.sleep(0.005 + 0.02 * self._jitter())

    async def _leave_gate_in_time(self) -> None:
        if self._gate_until and asyncio.get_running_loop().time() > self._gate_until:
            self._gate_until = 0.0
            await self._gate.release()


GATE_SECONDS = 1.0
"""How long a process keeps the gate; its lease must outlast that by a slow batch."""


async def _run(work: Work) -> str | BaseException:
    """The handler's answer, or why there is none: a command's failure is its own, the batch goes on."""
    try:
        return await work.submission.handler(work.submission.command, work)
    except Rejection as refusal:
        return refusal
    except PyMongoError:
        raise  # nobody's own
    except Exception as error:
        return error
