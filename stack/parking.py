"""What `orderstream parked` does: reads, records what is given up, asks the projector and waits for its answer."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from read_model.connection import Reader
from read_model.parked import ParkedEvent, ParkedQueue, find_parked, parked_queue, parked_queues
from read_model.requests import Requests
from read_model.schema.requests import Answer, Ask, Outcome, Request
from stack.console import say
from stack.operator_error import OperatorError
from stack.parked_report import name_of, printable, told
from stack.read_side import open_read_side
from write_model.mongo import discarded
from write_model.mongo.database import Database, database_of, open_client
from write_model.mongo.discarded import Discard, NotInJournal
from write_model.settings import WriteSettings
from write_model.startup import system_clock

AT_ONCE: Final = 100
"""Queues that are asked for together."""
_PAUSE_SECONDS: Final = 0.1


async def queues() -> list[ParkedQueue]:
    """All that is parked."""
    async with open_read_side() as (reader, _):
        return await parked_queues(reader)


async def queue_and_event(id: str) -> tuple[list[ParkedEvent], ParkedEvent]:
    """A parked event in its queue; OperatorError where it is not parked."""
    async with open_read_side() as (reader, _):
        event = await _find(reader, id)
        return await parked_queue(reader, event), event


async def retry(id: str | None, patience: float, tell: Callable[[str, Answer], None]) -> bool:
    """Retry one queue, or all without an id; whether nothing stays parked in them. `tell` hears what came of each."""
    async with open_read_side() as (reader, requests):
        heads = [await _find(reader, id)] if id else [queue.head for queue in await parked_queues(reader)]
        stuck = 0
        for start in range(0, len(heads), AT_ONCE):
            part = heads[start : start + AT_ONCE]
            asked = [await _ask(requests, Ask.RETRY, head) for head in part]
            async for answered, answer in _answers(requests, asked, patience):
                tell(answered.queue, answer)
                stuck += answer.outcome is not Outcome.FREE
        return not stuck


async def discard(id: str, why: str, patience: float, ask: Callable[[str], bool] | None) -> bool:
    """Give an event up; whether nothing of its aggregate stays parked. Without `ask` nobody is asked."""
    async with open_read_side() as (reader, requests), _database() as database:
        event = await find_parked(reader, id)
        if event is None:
            return await _discarded_before(database, id)
        if id == event.aggregate_id:
            raise OperatorError(
                f"{id} is an aggregate: name one event of it, {name_of(event)} is the first that is parked"
            )
        if ask and not ask(_meaning(event)):
            say("Nothing was discarded.")
            return False
        is_new = await _record(database, event, why)
        asked = await _ask(requests, Ask.DROP if is_new is None else Ask.DISCARD, event)
        async for _, answer in _answers(requests, [asked], patience):
            if not answer.discarded and is_new:
                await discarded.withdraw(database, event.event_id or "")
                raise OperatorError(f"{name_of(event)} was projected meanwhile, and is not discarded")
            say(f"{name_of(event)} is discarded. {asked.queue}: {told(answer)}")
            return answer.outcome is Outcome.FREE
        return False


@dataclass(frozen=True)
class _Asked:
    """A request that was made."""

    event: ParkedEvent
    id: str

    @property
    def queue(self) -> str:
        return printable(self.event.aggregate_id) or name_of(self.event)


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    settings = WriteSettings()
    client = open_client(settings)
    try:
        yield database_of(client, settings)
    finally:
        client.close()


async def _find(reader: Reader, id: str) -> ParkedEvent:
    event = await find_parked(reader, id)
    if event is None:
        raise OperatorError(f"{id} is not parked: `orderstream parked list` shows what is")
    return event


async def _ask(requests: Requests, ask: Ask, event: ParkedEvent) -> _Asked:
    request = Request(ask, event.aggregate_id, event.position)
    return _Asked(event, await requests.ask(event.partition, request))


async def _answers(
    requests: Requests, asked: Iterable[_Asked], patience: float
) -> AsyncIterator[tuple[_Asked, Answer]]:  # fmt: skip
    """Every request with its answer, as they come; OperatorError where the projector says nothing for so long."""
    loop = asyncio.get_running_loop()
    waiting, deadline, progress = list(asked), loop.time() + patience, (-1, -1)
    while waiting:
        answers = [(one, await requests.answer(one.event.partition, one.id)) for one in waiting]
        for one, answer in answers:
            if answer.outcome:
                waiting.remove(one)
                yield one, answer
        projected = sum(answer.projected for _, answer in answers)
        if (len(waiting), projected) != progress:
            deadline, progress = loop.time() + patience, (len(waiting), projected)
        elif loop.time() > deadline:
            raise OperatorError(
                f"no projector took the request up in {patience:g} s: see that projector and relay run. The request "
                "waits for them; `orderstream parked list` shows what is parked then"
            )
        if waiting:
            await asyncio.sleep(_PAUSE_SECONDS)


async def _record(database: Database, event: ParkedEvent, why: str) -> bool | None:
    """Record that the event is given up: whether that is new; None where the journal, and so a replay, has no such."""
    if event.event_id is None:
        return None
    try:
        discard = Discard(event.event_id, str(event.position), _user(), system_clock(), why)
        return await discarded.record(database, discard)
    except NotInJournal:
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container may have no names for its users


async def _discarded_before(database: Database, id: str) -> bool:
    """True, said with the record, where the event was given up before; OperatorError where it never was parked."""
    record = await discarded.find(database, id)
    if record is None:
        raise OperatorError(f"{id} is not parked: `orderstream parked list` shows what is")
    say(f"{record.event_id} was discarded by {record.by} at {record.at:%Y-%m-%d %H:%M} UTC, and is parked no more.")
    return True


def _meaning(event: ParkedEvent) -> str:
    """The question whether to discard."""
    lines = [
        f"Discard {name_of(event)} ({printable(event.type) or 'no type'}) for ever?",
        "What it did will never be shown, not even after a rebuild; the journal keeps it.",
    ]
    if event.version == 1:
        lines.append(
            "It is the first event of its aggregate: without it nothing of the aggregate can be shown, and its later "
            "events stay parked until they are discarded as well."
        )
    elif event.aggregate_id:
        lines.append("The aggregate's later events are projected without it.")
    return " ".join(lines)
