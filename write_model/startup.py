"""Puts the command side together, and takes it down again."""

import asyncio
import logging
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import uvloop
from pymongo.errors import PyMongoError

from telemetry import metrics, startup
from telemetry.metrics import Source
from write_model.commands import AGGREGATES, name_of
from write_model.contracts.ids import new_id
from write_model.dispatch import Dispatcher
from write_model.metrics import of_commands, of_queue
from write_model.mongo.backlog import Backlog
from write_model.mongo.committer import Committer
from write_model.mongo.connections import Connections
from write_model.mongo.database import Database, database_of, open_client
from write_model.mongo.discarded import Discards
from write_model.mongo.gate import Gate
from write_model.mongo.indexes import ensure_indexes, missing_indexes
from write_model.mongo.terms import settle_terms
from write_model.outcomes import Outcomes
from write_model.ports import Actor, Clock, Command, Receipt
from write_model.queue.queued_command import QueuedCommand
from write_model.rejection import Unavailable
from write_model.settings import WriteSettings

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""What a process does until the event is set; then it finishes the step that it is at, and returns."""

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


def system_clock() -> datetime:
    """Now, in UTC, in whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def new_holder() -> str:
    """A name for this process in leases."""
    return new_id("cmd", 0, system_clock(), os.urandom)


@dataclass(frozen=True)
class WriteModel:
    """The command side, open for commands."""

    _dispatcher: Dispatcher
    _backlog: Backlog
    _database: Database
    _outcomes: Outcomes
    discards: Discards
    """The events that operators gave up."""
    sources: Sequence[Source]
    """What this process has counted."""
    queue_source: Source
    """The queue as MongoDB has it, which is one for all processes."""

    async def dispatch(
        self, command: Command, actor: Actor, *, idempotency_key: str | None = None, trace: str | None = None
    ) -> Receipt:
        """See Dispatcher.dispatch."""

        async def send(trace: str | None) -> Receipt:
            return await self._dispatcher.dispatch(command, actor, idempotency_key=idempotency_key, trace=trace)

        return await self._outcomes.of(name_of(type(command)), trace, send)

    async def queue(
        self, command: Command, actor: Actor, *, idempotency_key: str | None = None, trace: str | None = None
    ) -> Receipt:
        """See Dispatcher.queue; Busy where too many wait for a worker."""

        async def send(trace: str | None) -> Receipt:
            self._backlog.check()
            return await self._dispatcher.queue(command, actor, idempotency_key=idempotency_key, trace=trace)

        return await self._outcomes.of(name_of(type(command)), trace, send)

    async def run(self, queued: QueuedCommand) -> Receipt:
        """See Dispatcher.run."""

        async def send(trace: str | None) -> Receipt:
            return await self._dispatcher.run(replace(queued, trace=trace))

        return await self._outcomes.of(queued.name, queued.trace, send)

    async def check(self) -> None:
        """Unavailable, with what is missing, unless MongoDB answers and has its indexes."""
        try:
            async with asyncio.timeout(3):
                missing = await missing_indexes(self._database, AGGREGATES)
        except (PyMongoError, TimeoutError) as error:
            raise Unavailable("MongoDB does not answer") from error
        if missing:
            raise Unavailable(f"indexes are missing: {', '.join(missing)}")


@asynccontextmanager
async def open_write_model(settings: WriteSettings, *, clock: Clock = system_clock) -> AsyncIterator[WriteModel]:
    """The command side over a MongoDB with all its indexes; commands in flight are finished on the way out.

    Unavailable where MongoDB does not answer, TermsDiffer where it was made with other settings.
    """
    connections = Connections()
    # Only where somebody looks: the driver tells of each connection that is taken, for every single operation.
    client = open_client(settings, connections if metrics.are_on() else None)
    try:
        database = database_of(client, settings)
        try:
            await ensure_indexes(database, AGGREGATES)
            await settle_terms(database, settings)
        except PyMongoError as error:
            # Without pymongo's description of the whole topology.
            raise Unavailable(f"MongoDB does not answer: {str(error).partition(' (configured')[0]}") from error
        gate = Gate(database, new_holder(), jitter=random.random)
        committer = Committer(client, database, settings, entropy=os.urandom, gate=gate)
        running = asyncio.create_task(committer.run())
        try:
            dispatcher = Dispatcher(committer, clock=clock, entropy=os.urandom)
            outcomes, backlog = Outcomes(), Backlog(database, settings.commands_queued)
            metrics.export(commands := of_commands(outcomes, committer, connections))
            metrics.export(queue := of_queue(backlog))
            discards = Discards(database, clock)
            yield WriteModel(dispatcher, backlog, database, outcomes, discards, [commands], queue)
        finally:
            await committer.drain()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await gate.leave()
    finally:
        client.close()


def run_until_stopped(part: str, work: Work, patience: float) -> None:
    """Run the process of that part until SIGTERM or SIGINT tells its work to stop.

    Which then has so many seconds to come to an end. Exit code 0, also where it had to be cut off: whatever it left,
    another process finds. A second signal ends it at once.
    """
    startup.start(part)
    uvloop.run(_until_stopped(work, patience))


async def _until_stopped(work: Work, patience: float) -> None:
    stopping = asyncio.Event()

    def stop() -> None:
        for number in _STOPS:
            signal.signal(number, signal.SIG_DFL)
        stopping.set()

    for number in _STOPS:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    working = asyncio.create_task(work(stopping))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if stopping.is_set() and not (await asyncio.wait({working}, timeout=patience))[0]:
        _log.warning("not finished %g s after the signal: cut off", patience)
        logging.shutdown()
        os._exit(0)  # a thread that waits for MongoDB would hold up every other way out
    await working
    _log.info("stopped")


async def rest(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but not beyond the moment when the process is told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
