"""What an attempt to commit a batch has decided: the commands' answers, and what is to be written.

The commands load and decide at once, over what the database has; then they are admitted in arrival order, and one
that has read what an earlier one changed decides again over the batch's own state. So ten orders of one hot product
are one update.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import PyMongoError

from write_model.contracts.envelope import Envelope
from write_model.contracts.ids import Entropy, slot_of
from write_model.mongo.database import Database
from write_model.mongo.loader import Loader, find_in
from write_model.mongo.receipts import Keep, ReceiptId, StoredReceipt, find_receipts, receipt_id
from write_model.mongo.transaction import Change
from write_model.mongo.unit_of_work import Work
from write_model.ports import Receipt, Submission
from write_model.rejection import IdempotencyKeyReused, Rejection
from write_model.settings import WriteSettings


@dataclass(slots=True, eq=False)
class Pending:
    """A command that waits for its answer. `refusal` is what MongoDB had against an earlier attempt."""

    submission: Submission
    answer: asyncio.Future[Receipt]
    refusal: Rejection | None = None

    def settle(self, outcome: Receipt | BaseException) -> None:
        """Tell the one who waits, unless they have gone."""
        if self.answer.done():
            return
        if isinstance(outcome, BaseException):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


@dataclass(slots=True)
class Plan:
    """Refusals, replays, and what is to be written, for the `taken` commands from the front of the batch."""

    taken: int = 0
    refused: list[tuple[Pending, BaseException]] = field(default_factory=list)
    replayed: list[tuple[Pending, StoredReceipt]] = field(default_factory=list)
    admitted: list[tuple[Pending, StoredReceipt, dict[int, int]]] = field(default_factory=list)
    """With the ordinal of the command's last event in each slot; empty for one that had nothing to say."""
    changes: dict[str, Change] = field(default_factory=dict)
    envelopes: list[Envelope[Any]] = field(default_factory=list)
    receipts: dict[ReceiptId, Keep] = field(default_factory=dict)

    def receipt_for(self, submission: Submission, known: Mapping[ReceiptId, StoredReceipt]) -> StoredReceipt | None:
        """The receipt under the command's key, if any; its own ticket is none."""
        key = receipt_id(submission)
        if key is None:
            return None
        receipt = self.receipts[key].receipt if key in self.receipts else known.get(key)
        return None if receipt is None or receipt.is_ticket_of(submission) else receipt

    def repeat(self, pending: Pending, receipt: StoredReceipt) -> None:
        """The command's key has a receipt, which is its answer, unless that was another command."""
        if receipt.fingerprint == pending.submission.fingerprint:
            self.replayed.append((pending, receipt))
        else:
            refusal = IdempotencyKeyReused(key=pending.submission.idempotency_key, field=("idempotencyKey",))
            self.refused.append((pending, refusal))


async def make_plan(database: Database, batch: Sequence[Pending], settings: WriteSettings, entropy: Entropy) -> Plan:
    """Decide for as many of the batch as one transaction may hold. Raises a PyMongoError where loading fails."""
    loader = Loader(find_in(database))

    def work_of(pending: Pending) -> Work:
        return Work(pending.submission, loader, terms=settings.terms, entropy=entropy)

    works = [work_of(pending) for pending in batch]
    keys = [key for pending in batch if (key := receipt_id(pending.submission))]
    known, outcomes = await asyncio.gather(
        find_receipts(database, list(dict.fromkeys(keys))),
        asyncio.gather(*(_run(work, pending.refusal) for pending, work in zip(batch, works, strict=True))),
    )
    plan = Plan()
    for pending, work, outcome in zip(batch, works, outcomes, strict=True):
        if len(plan.envelopes) >= settings.commit_events:
            break
        plan.taken += 1
        if receipt := plan.receipt_for(pending.submission, known):
            plan.repeat(pending, receipt)
            continue
        if not work.is_current:
            work = work_of(pending)
            outcome = await _run(work, pending.refusal)
        if isinstance(outcome, BaseException):
            plan.refused.append((pending, outcome))
            continue
        _admit(plan, pending, work, outcome, loader, known)
    await _recall(database, plan)
    return plan


async def _recall(database: Database, plan: Plan) -> None:
    """Look again for receipts of what is refused.

    The same command may have been committed by another process after the receipts were read and before the
    states were: then it would be refused for what it did itself.
    """
    refused, plan.refused = plan.refused, []
    keys = [key for pending, _ in refused if (key := receipt_id(pending.submission))]
    known = await find_receipts(database, keys)
    for pending, refusal in refused:
        if receipt := plan.receipt_for(pending.submission, known):
            plan.repeat(pending, receipt)
        else:
            plan.refused.append((pending, refusal))


def _admit(
    plan: Plan,
    pending: Pending,
    work: Work,
    aggregate_id: str,
    loader: Loader,
    known: Mapping[ReceiptId, StoredReceipt],
) -> None:
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
    before = {id: loader.state(aggregate, id) for aggregate, id, _ in work.events}
    work.admit()
    for id, aggregate in {id: aggregate for aggregate, id, _ in work.events}.items():
        state = loader.state(aggregate, id)
        assert state is not None
        takers = dict(plan.changes[id].takers) if id in plan.changes else {}
        for name in aggregate.taken:
            if before[id] is None or getattr(before[id], name) != getattr(state, name):
                takers[name] = submission
        plan.changes[id] = Change(aggregate, loader.loaded_version(id), state, takers)
    receipt = StoredReceipt.of(submission, aggregate_id, work.version_of(aggregate_id), list(versions))
    if key := receipt_id(submission):
        # Its own, or that of one which was rejected before it in this batch.
        ticket_of = known[key].command_id if key in known else None
        plan.receipts[key] = Keep(key, ticket_of, None if work.is_refused else receipt)
    plan.admitted.append((pending, receipt, ordinals))


async def _run(work: Work, refusal: Rejection | None) -> str | BaseException:
    """The handler's answer, or why there is none: a command's failure is its own, the batch goes on."""
    submission = work.submission
    try:
        try:
            if refusal:
                raise refusal
            return await submission.handler(submission.command, work)
        except Rejection as error:
            if submission.on_refusal is None:
                return error
            work.refuse()
            return await submission.on_refusal(error, work)
    except PyMongoError:
        raise  # nobody's own
    except Exception as error:
        return error
