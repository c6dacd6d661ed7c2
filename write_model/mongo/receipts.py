"""Receipts: what a committed command answered, found again by the actor and their idempotency key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import DeleteOne, InsertOne, ReplaceOne

from write_model.contracts.ids import slot_of
from write_model.mongo.database import RECEIPTS, Database, Document
from write_model.ports import Submission

ReceiptId = tuple[str, str]
"""Actor and idempotency key."""


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt without its token: that would name a commit which was not made yet when this was written.

    `slots` are those of the aggregates that the command touched. A command in the queue has one of its own queueing,
    its ticket, which gives way to that of its effect.
    """

    fingerprint: str
    command_id: str
    aggregate_id: str
    version: int
    committed_at: datetime
    slots: tuple[int, ...]

    @classmethod
    def of(cls, submission: Submission, aggregate_id: str, version: int, touched: Sequence[str]) -> "StoredReceipt":
        """The receipt of a command that left `aggregate_id` at `version` and touched these aggregates."""
        return cls(
            fingerprint=submission.fingerprint,
            command_id=submission.command_id,
            aggregate_id=aggregate_id,
            version=version,
            committed_at=submission.at,
            slots=tuple(sorted({slot_of(id) for id in (aggregate_id, *touched)})),
        )

    @property
    def is_ticket(self) -> bool:
        """Whether it only says that a command was queued."""
        return self.aggregate_id == self.command_id

    def is_ticket_of(self, submission: Submission) -> bool:
        """Whether it only says that this very command was queued."""
        return self.aggregate_id == submission.command_id


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept under a key from now on: a receipt, or nothing, in the place of a command's ticket or of nothing."""

    id: ReceiptId
    ticket_of: str | None
    receipt: StoredReceipt | None

    def request(self) -> InsertOne[Document] | ReplaceOne[Document] | DeleteOne | None:
        """What to ask of MongoDB; it does nothing where the ticket is not there any more."""
        ticket = {"_id": _document_id(self.id), "command_id": self.ticket_of}
        if self.receipt is None:
            return DeleteOne(ticket) if self.ticket_of else None
        document = to_document(self.id, self.receipt)
        return ReplaceOne(ticket, document) if self.ticket_of else InsertOne(document)


def receipt_id(submission: Submission) -> ReceiptId | None:
    """Under what the submission's receipt is kept, None without a key."""
    return (str(submission.actor), submission.idempotency_key) if submission.idempotency_key else None


def to_document(id: ReceiptId, receipt: StoredReceipt) -> Document:
    """The receipt's document; it expires by `at`, which a ticket lacks: that stays as long as its command waits."""
    return {
        "_id": _document_id(id),
        "fingerprint": receipt.fingerprint,
        "command_id": receipt.command_id,
        "aggregate_id": receipt.aggregate_id,
        "version": receipt.version,
        "queued_at" if receipt.is_ticket else "at": receipt.committed_at,
        "slots": receipt.slots,
    }


async def find_receipts(database: Database, ids: Sequence[ReceiptId]) -> dict[ReceiptId, StoredReceipt]:
    """Those that are kept, in one query."""
    if not ids:
        return {}
    wanted = [_document_id(id) for id in ids]
    found: dict[ReceiptId, StoredReceipt] = {}
    async for document in database[RECEIPTS].find({"_id": {"$in": wanted}}):
        found[document["_id"]["actor"], document["_id"]["key"]] = StoredReceipt(
            fingerprint=document["fingerprint"],
            command_id=document["command_id"],
            aggregate_id=document["aggregate_id"],
            version=document["version"],
            committed_at=document.get("at") or document["queued_at"],
            slots=tuple(document["slots"]),
        )
    return found


def _document_id(id: ReceiptId) -> Document:
    return {"actor": id[0], "key": id[1]}
