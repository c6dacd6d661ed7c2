"""What the clients did and what they were told, for the checker: every request with its answers."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

RECENT = 300


class Outcome(StrEnum):
    """How one attempt ended, as far as its client knows."""

    RECEIPT = "receipt"
    QUEUED = "queued"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: when it was sent and answered, in seconds of the event loop, and by which API."""

    invoked: float
    completed: float
    api: int
    outcome: Outcome


@dataclass(slots=True)
class Intent:
    """One command that a client wants done, once, with all attempts under its one idempotency key.

    `trace` is W3C's trace id of every attempt, so that the journal says whose an event is, whatever became of the key.
    """

    client: str
    name: str
    input: dict[str, Any]
    key: str
    trace: str
    queued: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    command_id: str | None = None
    refusal: str | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.receipts or self.command_id or self.refusal)

    @property
    def in_doubt(self) -> bool:
        """Whether an attempt may have been done of which the client does not know."""
        return any(attempt.outcome in (Outcome.UNAVAILABLE, Outcome.LOST) for attempt in self.attempts)

    @property
    def receipt(self) -> dict[str, Any]:
        return self.receipts[-1]

    def __str__(self) -> str:
        tried = ", ".join(f"{a.outcome} by api {a.api + 1} {a.invoked:.2f}-{a.completed:.2f}" for a in self.attempts)
        return f"{self.client} {self.name} {self.key} ({tried}) receipts {self.receipts} refusal {self.refusal}"


@dataclass
class History:
    """Of a whole run. `broken` are promises that were seen broken on the spot, as sentences."""

    intents: list[Intent] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    reads: int = 0
    refused_reads: int = 0

    def recent(self, random: Random) -> Intent | None:
        """One of the latest commands, if it has a receipt."""
        intent = random.choice(self.intents[-RECENT:]) if self.intents else None
        return intent if intent and intent.receipts else None

    @property
    def settled(self) -> int:
        return sum(intent.is_settled for intent in self.intents)

    def attempts(self, outcome: Outcome) -> int:
        return sum(attempt.outcome is outcome for intent in self.intents for attempt in intent.attempts)


class Pace:
    """Keeps load and faults in step: no fault without load, and no load that has run ahead of the faults."""

    def __init__(self, commands: int, faults: int) -> None:
        self._per_fault = commands / (faults + 1)
        self.done = 0
        self._injected = 0
        self._changed = asyncio.Condition()
        self._over = False

    async def step(self, commands: int) -> None:
        """So many commands are through; waits where the faults are behind."""
        async with self._changed:
            self.done += commands
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._over or self.done < (self._injected + 2) * self._per_fault)

    async def fault(self) -> None:
        """Wait until it is time for the next fault."""
        async with self._changed:
            self._injected += 1
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._over or self.done >= self._injected * self._per_fault)

    async def end(self) -> None:
        """Nobody waits any more."""
        async with self._changed:
            self._over = True
            self._changed.notify_all()


class Steady:
    """Keeps a load at so many commands a second, of all clients together."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._next = 0.0

    async def step(self, commands: int) -> None:
        """So many commands are through; waits until it is time for more."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now) + commands / self._per_second
        await asyncio.sleep(self._next - now)
