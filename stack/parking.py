"""What `orderstream parked` does: reads, records what is given up, asks the projector and waits for its answer."""

import getpass
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from read_model.connection import Reader
from read_model.parked import ParkedEvent, ParkedQueue, find_parked, parked_queue, parked_queues
from read_model.parking import Asked, Parking, ProjectedMeanwhile, Unanswered
from read_model.schema.requests import Answer, Outcome
from stack.console import say
from stack.operator_error import OperatorError
from stack.parked_report import name_of, printable, told
from stack.read_side import open_read_side
from write_model.mongo import discarded
from write_model.mongo.database import Database, database_of, open_client
from write_model.mongo.discarded import Discards
from write_model.settings import WriteSettings
from write_model.startup import system_clock

AT_ONCE: Final = 100
"""Queues that are asked for together."""


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
        parking, stuck = Parking(requests), 0
        for start in range(0, len(heads), AT_ONCE):
            part = heads[start : start + AT_ONCE]
            asked = [await parking.retry(head) for head in part]
            async for answered, answer in _answers(parking, asked, patience):
                tell(_queue(answered), answer)
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
        discards = Discards(database, system_clock)
        try:
            asked, answer = await Parking(requests).discard(event, discards, by=_user(), why=why, patience=patience)
        except ProjectedMeanwhile:
            raise OperatorError(f"{name_of(event)} was projected meanwhile, and is not discarded") from None
        except Unanswered:
            raise _unanswered(patience) from None
        say(f"{name_of(event)} is discarded. {_queue(asked)}: {told(answer)}")
        return answer.outcome is Outcome.FREE


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


async def _answers(parking: Parking, asked: Iterable[Asked], patience: float) -> AsyncIterator[tuple[Asked, Answer]]:
    """See Parking.answers; OperatorError where the projector says nothing for so long."""
    try:
        async for answered in parking.answers(asked, patience):
            yield answered
    except Unanswered:
        raise _unanswered(patience) from None


def _unanswered(patience: float) -> OperatorError:
    return OperatorError(
        f"no projector took the request up in {patience:g} s: see that projector and relay run. The request "
        "waits for them; `orderstream parked list` shows what is parked then"
    )


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


def _queue(asked: Asked) -> str:
    return printable(asked.event.aggregate_id) or name_of(asked.event)
