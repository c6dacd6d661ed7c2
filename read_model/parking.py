"""What operators do about parked events: asks the projector, and sees to the record of what is given up.

The record stands beside the journal, which the command side keeps; here it is only known what is needed of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from read_model.parked import ParkedEvent
from read_model.requests import Requests
from read_model.schema.requests import Answer, Ask, Request

_PAUSE_SECONDS: Final = 0.1


class Discards(Protocol):
    """Which events were given up, by whom and why."""

    async def record(self, event_id: str, position: str, by: str, why: str) -> bool | None:
        """Record it; whether that is new, None where the journal, and so a replay, has no such event."""
        ...

    async def withdraw(self, event_id: str) -> None:
        """It is not given up after all."""
        ...


class ProjectedMeanwhile(Exception):
    """The event was projected before the projector heard that it is given up: it is not given up."""


@dataclass(frozen=True)
class Asked:
    """A request that was made."""

    event: ParkedEvent
    id: str


class Unanswered(Exception):
    """No projector took the request up in time; it waits for one."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self.asked = asked


@dataclass(frozen=True)
class Parking:
    """Requests about parked events. Whatever is cut off half-way may be asked for again."""

    requests: Requests

    async def retry(self, event: ParkedEvent) -> Asked:
        """Ask for the event's queue to be projected again; NoReply."""
        return await self._ask(Ask.RETRY, event)

    async def discard(
        self, event: ParkedEvent, discards: Discards, *, by: str, why: str, patience: float
    ) -> tuple[Asked, Answer]:
        """Give the event up for ever, and project what waits behind it; NoReply, Unanswered, ProjectedMeanwhile.

        It is recorded first: whatever becomes of the request, relays and projectors give the event up.
        """
        id = event.event_id
        is_new = await discards.record(id, str(event.position), by, why) if id else None
        asked = await self._ask(Ask.DROP if is_new is None else Ask.DISCARD, event)
        _, answer = await self.answer(asked, patience)
        if is_new and id and not answer.discarded:
            await discards.withdraw(id)
            raise ProjectedMeanwhile
        return asked, answer

    async def answer(self, asked: Asked, patience: float) -> tuple[Asked, Answer]:
        """The request with its answer; NoReply, Unanswered."""
        [answered] = [pair async for pair in self.answers([asked], patience)]
        return answered

    async def answers(self, asked: Iterable[Asked], patience: float) -> AsyncIterator[tuple[Asked, Answer]]:
        """Every request with its answer, as they come; Unanswered where nothing is heard for so many seconds."""
        loop = asyncio.get_running_loop()
        waiting, deadline, progress = list(asked), loop.time() + patience, (-1, -1)
        while waiting:
            answers = [(one, await self.requests.answer(one.event.partition, one.id)) for one in waiting]
            for one, answer in answers:
                if answer.outcome:
                    waiting.remove(one)
                    yield one, answer
            projected = sum(answer.projected for _, answer in answers)
            if (len(waiting), projected) != progress:
                deadline, progress = loop.time() + patience, (len(waiting), projected)
            elif loop.time() > deadline:
                raise Unanswered(waiting[0])
            if waiting:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, ask: Ask, event: ParkedEvent) -> Asked:
        request = Request(ask, event.aggregate_id, event.position)
        return Asked(event, await self.requests.ask(event.partition, request))
