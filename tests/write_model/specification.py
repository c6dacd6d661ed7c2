"""Given/when/then for commands: real handlers and the real unit of work, over states folded from given events."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from write_model.actor import Actor
from write_model.commands import COMMANDS
from write_model.contracts.event import Event
from write_model.mongo.loader import Loader
from write_model.mongo.unit_of_work import Work
from write_model.ports import Aggregate, Command, State, Submission, Terms
from write_model.rejection import Rejection

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
STAFF = Actor("staff", "sam")
TERMS = Terms("EUR", timedelta(minutes=30))
CONFIRM_BY = "2026-11-20T10:00:00.000Z"

Happened = tuple[Aggregate[Any], str, Event]


def happened(aggregate: Aggregate[Any], id: str, *events: Event) -> list[Happened]:
    """Events of one aggregate, in order."""
    return [(aggregate, id, event) for event in events]


def predictable() -> Callable[[int], bytes]:
    """Randomness without surprises: what a test can expect the ids to be."""
    numbers = count(1)
    return lambda length: next(numbers).to_bytes(length, "big")


class History:
    """The states that follow from events, and the events themselves."""

    def __init__(self, given: Sequence[Happened] = ()) -> None:
        self.events: list[Happened] = []
        self.states: dict[str, State] = {}
        self.entropy = predictable()
        self.add(given)

    def add(self, events: Sequence[Happened]) -> None:
        for aggregate, id, event in events:
            self.states[id] = aggregate.evolve(id, self.states.get(id), event)
            self.events.append((aggregate, id, event))

    async def decide(self, command: Command, actor: Actor = STAFF) -> tuple[str, list[Happened]]:
        """What the command would have happen, and the id it answers; raises its rejection."""

        async def find(_: Aggregate[Any], ids: set[str]) -> dict[str, State]:
            return {id: self.states[id] for id in ids if id in self.states}

        submission = Submission(
            command=command, handler=COMMANDS[type(command)], command_id="cmd", actor=actor, at=NOW,
            fingerprint="", idempotency_key=None, trace=None,
        )  # fmt: skip
        work = Work(submission, Loader(find), terms=TERMS, entropy=self.entropy)
        answer = await submission.handler(command, work)
        return answer, work.events


@dataclass
class Decision:
    """What came of a command."""

    answer: str | None
    events: list[Happened]
    rejection: Rejection | None

    def then(self, *expected: list[Happened]) -> None:
        assert self.rejection is None, self.rejection
        assert self.events == [event for part in expected for event in part]

    def then_nothing(self) -> None:
        self.then()

    def then_refused(self, reason: type[Rejection], *, field: tuple[str, ...] | None = None) -> None:
        assert isinstance(self.rejection, reason), (self.rejection, self.events)
        assert self.rejection.field == field
        assert "{" not in str(self.rejection)


class Given:
    def __init__(self, events: list[Happened]) -> None:
        self._history = History(events)

    def when(self, command: Command, *, by: Actor = STAFF) -> Decision:
        try:
            with asyncio.Runner() as runner:
                answer, events = runner.run(self._history.decide(command, by))
        except Rejection as rejection:
            return Decision(None, [], rejection)
        return Decision(answer, events, None)


def given(*parts: list[Happened]) -> Given:
    return Given([event for part in parts for event in part])
