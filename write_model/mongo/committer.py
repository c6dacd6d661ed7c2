"""Group commit: commands that arrive together are decided in arrival order and committed in one transaction.

A batch is what queued up while the last one was in flight; and where that is less than the last one was, what comes
right after it: whoever has an answer often has the next command, and all of a batch have theirs at once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from telemetry import tracing
from telemetry.distribution import Distribution
from write_model.contracts.ids import Entropy
from write_model.contracts.streams import ORDINAL_BITS, Position, Token
from write_model.mongo import transaction
from write_model.mongo.database import Client, Database
from write_model.mongo.gate import Gate
from write_model.mongo.orphans import IDLE_SECONDS, end_orphans
from write_model.mongo.plan import Pending, Plan, make_plan
from write_model.mongo.receipts import StoredReceipt, find_receipts, receipt_id
from write_model.mongo.transaction import Batch, CommitUnknown, Conflict, Taken
from write_model.ports import Receipt, Submission
from write_model.rejection import Busy, TooManyConflicts, Unavailable
from write_model.settings import WriteSettings

_LAST_ORDINAL = (1 << ORDINAL_BITS) - 1
_PAUSE_SECONDS = 0.02
_LULL_SECONDS = 0.002
"""No command for so long: no more are about to come."""
_COMPANY = 0.25
"""How long a batch may wait for company, as a share of what the last one took."""
_COMPANY_SECONDS = (0.005, 0.02)
"""At least and at most: on a busy machine, whoever has an answer needs some time to come back with the next command."""
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Commits:
    """What was committed by one process."""

    commands: Distribution = field(default_factory=lambda: Distribution(_SIZES))
    """By transaction."""
    seconds: Distribution = field(default_factory=Distribution)
    """By transaction, with all that was read and decided for it."""
    events: int = 0
    conflicts: int = 0


class Committer:
    """The one way to change anything. Start `run` once; `submit` from anywhere in the same event loop."""

    def __init__(
        self, client: Client, database: Database, settings: WriteSettings, *, entropy: Entropy, gate: Gate
    ) -> None:
        self._client = client
        self._database = database
        self._settings = settings
        self._entropy = entropy
        self._gate = gate
        self.commits = Commits()
        self._waiting: deque[Pending] = deque()
        self._stopped = False
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def submit(self, submission: Submission) -> Receipt:
        """Decide and commit; raises the command's Rejection, Busy, or Unavailable where no answer could be had."""
        if self._stopped:
            raise _stopping()
        if len(self._waiting) >= self._settings.commands_waiting:
            raise Busy("Too many commands are waiting, send it again in a moment.")
        pending = Pending(submission, asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        self._arrived.set()
        self._idle.clear()
        return await pending.answer

    @property
    def waiting(self) -> int:
        """How many commands wait for the next batch."""
        return len(self._waiting)

    async def run(self) -> None:
        """Commit what arrives, one batch in flight, until cancelled; `drain` first."""
        batch: list[Pending] = []
        loop = asyncio.get_running_loop()
        began = ended = loop.time()
        try:
            while True:
                await self._arrival()
                if len(batch) > 1 and not self._gate.is_entered:
                    shortest, longest = _COMPANY_SECONDS
                    await self._company(len(batch), ended + min(max(_COMPANY * (ended - began), shortest), longest))
                began = loop.time()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.commit_batch))]
                await self._settle(batch)
                ended = loop.time()
                if not self._waiting:
                    self._arrived.clear()
                    self._idle.set()
        finally:
            self._stopped = True
            self._fail([*batch, *self._waiting], _stopping)  # those who have an answer keep it
            self._idle.set()

    async def _arrival(self) -> None:
        """Wait for commands. Who has none for a moment keeps no turn: others may be waiting for it."""
        if self._gate.is_entered:
            try:
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await self._arrived.wait()
            except TimeoutError:
                await self._gate.leave()
        await self._arrived.wait()

    async def _company(self, wanted: int, deadline: float) -> None:
        """Wait until so many commands are there, as long as they keep coming."""
        loop = asyncio.get_running_loop()
        there = 0
        while there < len(self._waiting) < wanted and (left := deadline - loop.time()) > 0:
            there = len(self._waiting)
            await asyncio.sleep(min(_LULL_SECONDS, left))

    async def drain(self) -> None:
        """Take no more commands, and wait until every one that was taken has its answer."""
        self._stopped = True
        await self._idle.wait()

    async def _settle(self, batch: list[Pending]) -> None:
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
                    culprit = next(p for p in batch if p.submission is error.change.takers[error.field])
                    if not await self._was_committed(culprit):
                        culprit.refusal = error.change.aggregate.taken[error.field](error.change.state)
                except Conflict:
                    self.commits.conflicts += 1
                    if loop.time() > deadline:
                        raise
                    if loop.time() > patience:
                        patience = loop.time() + IDLE_SECONDS
                        if orphans := await end_orphans(self._client):
                            _log.warning("ended %d transactions that nobody went on with", orphans)
                    await self._gate.enter(deadline)
            await self._gate.leave_in_time()
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
    def _fail(batch: Iterable[Pending], reason: Callable[[], Exception]) -> None:
        for pending in batch:
            pending.settle(reason())

    async def _attempt(self, batch: list[Pending]) -> int:
        """Decide and commit the batch; answers how many of its commands, from the front, have been settled."""
        began, since = asyncio.get_running_loop().time(), tracing.now()
        plan = await make_plan(self._database, batch, self._settings, self._entropy)
        async with await self._client.start_session() as session:
            if plan.changes or plan.receipts:
                written = Batch(list(plan.changes.values()), plan.envelopes, list(plan.receipts.values()))
                await transaction.write(self._database, session, written)
                self._count(plan, asyncio.get_running_loop().time() - began, since)
            elif plan.replayed or plan.admitted:
                await self._database.command("ping", session=session)
            self._answer(plan, session)
        return plan.taken

    def _count(self, plan: Plan, seconds: float, since: int) -> None:
        commands, events = len(plan.admitted), len(plan.envelopes)
        self.commits.commands.add(commands)
        self.commits.seconds.add(seconds)
        self.commits.events += events
        traces = tracing.sampled(pending.submission.trace for pending, _, _ in plan.admitted)
        sizes = {"orderstream.commands": commands, "orderstream.events": events}
        tracing.record("commit", traces, since, sizes)

    async def _was_committed(self, pending: Pending) -> bool:
        """Whether the command itself, sent to another process too, took what it now finds taken."""
        key = receipt_id(pending.submission)
        # A unique index sees what no majority has yet.
        local = self._database.with_options(read_concern=ReadConcern("local"))
        receipt = (await find_receipts(local, [key])).get(key) if key else None
        return receipt is not None and not receipt.is_ticket_of(pending.submission)

    def _answer(self, plan: Plan, session: AsyncIOMotorClientSession) -> None:
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


def _stopping() -> Unavailable:
    return Unavailable("the server is stopping")
