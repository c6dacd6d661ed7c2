"""One partition of the read model against a generation that is made of the journal for this purpose alone.

The partition is held at its position for moments only, in which pages of keys are compared: between them it catches
up, and so does what it is compared with. Both are looked at after each page: one during which either moved, or the
hold was lost, is compared again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast

from redis.asyncio import Redis

from projector.generations import Generations, State
from projector.store import Checkpoint
from read_model.schema.generations import NotComplete
from read_model.schema.keys import Keys
from stack.operator_error import OperatorError
from stack.verify.contents import Pair, differences, is_empty, unequal
from stack.verify.feed import verify_feed
from stack.verify.findings import Findings

WANTED_SECONDS: Final = 20
"""After which, if this process dies, what it compares with is given up."""
HOLD_MS: Final = 5_000
HELD_SECONDS: Final = 2.0
"""How long the partition is held in one go; whoever waits for a token of it waits as long."""
_RENEWAL_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05
_NEAR_MS: Final = 2_000
_PAGE: Final = 500
_REMEMBERED: Final = 100_000
"""Differences that are told apart from those that were told already."""

Tell = Callable[[str, int, int], None]
"""Told what is being done, and how far that is."""


class Interrupted(Exception):
    """What was compared with is gone; the message says why."""


@dataclass
class PartitionCheck:
    """The check of one partition. `redis` answers bytes."""

    redis: Redis
    generations: Generations
    findings: Findings
    tell: Tell
    discarded: Set[str] = frozenset()
    """The events that were given up, by id."""
    keys: int = 0
    _holds: bool = False
    _generation: int = 0

    async def run(self) -> None:
        """Compare everything. OperatorError where that cannot be now, Unavailable where Redis fails."""
        partition = self.generations.partition
        try:
            asked = await self.generations.ask("verify", seconds=WANTED_SECONDS)
        except NotComplete:
            raise OperatorError(f"the read model of partition {partition} is being prepared: try again later") from None
        if not asked.is_new:
            doing = "rebuilt" if asked.purpose == "rebuild" else "verified by somebody else"
            raise OperatorError(f"partition {partition} is being {doing}: wait until that is done")
        self._generation = asked.generation
        renewing = asyncio.create_task(self._renew())
        try:
            await self._compare()
        except Interrupted as problem:
            self.findings.add(f"partition {partition}", f"it was not compared to the end: {problem}")
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self.generations.give_up(self._generation)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_SECONDS)
            hold_ms = HOLD_MS if self._holds else None
            await self.generations.renew(self._generation, seconds=WANTED_SECONDS, hold_ms=hold_ms)

    async def _compare(self) -> None:
        loop, told = asyncio.get_running_loop(), set[tuple[str, str]]()
        total, cursor = await self.redis.dbsize(), -1
        while cursor:
            await self._until_near()
            async with self._held() as shown:
                until = loop.time() + HELD_SECONDS
                while cursor and loop.time() < until:
                    # Listed while held: what is missing is known by what stands in the other generation.
                    behind, page = await self._page(max(cursor, 0))
                    found = [difference async for difference in self._differences(shown, page)]
                    if not self._stands(await self._state(), shown):
                        break
                    for where, what in found:
                        if (where, what) not in told and len(told) < _REMEMBERED:
                            told.add((where, what))
                            self.findings.add(where, what)
                    self.keys += len(page)
                    self.tell(f"Comparing partition {self.generations.partition}", self.keys, total)
                    cursor = behind
                if not cursor:
                    await verify_feed(
                        self.redis, shown.position, self.generations.partition, self.discarded, self.findings
                    )

    async def _page(self, cursor: int) -> tuple[int, list[str]]:
        """Some keys of the partition, and where the next ones come; one may come twice."""
        pattern = Keys(self.generations.partition, 0).all().removesuffix("0:*") + "*"
        behind, keys = await cast(
            "Awaitable[tuple[int, list[bytes]]]", self.redis.scan(cursor, match=pattern, count=_PAGE)
        )
        return int(behind), [key.decode(errors="surrogateescape") for key in keys]

    async def _differences(self, shown: Checkpoint, page: list[str]) -> AsyncIterator[tuple[str, str]]:
        partition = self.generations.partition
        ours, theirs = (
            Keys(partition, number).all().removesuffix("*") for number in (shown.generation, self._generation)
        )
        rests = dict.fromkeys(key.removeprefix(b) for b in (ours, theirs) for key in page if key.startswith(b))
        async with self.redis.pipeline(transaction=False) as pipeline:
            for rest in rests:
                pipeline.type(ours + rest)
                pipeline.type(theirs + rest)
            types = [kind.decode() for kind in await pipeline.execute()]
        pairs = [
            Pair(rest, ours + rest, theirs + rest, (our, their))
            for rest, our, their in zip(rests, types[::2], types[1::2], strict=True)
        ]
        for pair in pairs:
            match pair.kinds:
                case ("none", kind) if kind != "none" and not await is_empty(self.redis, pair.made, kind):
                    yield _where(partition, pair.rest), "it is missing"
                case (kind, "none") if kind != "none" and not await is_empty(self.redis, pair.shown, kind):
                    yield _where(partition, pair.rest), "it should not be there"
        for pair in await unequal(self.redis, [pair for pair in pairs if "none" not in pair.kinds]):
            async for what in differences(self.redis, pair):
                yield _where(partition, pair.rest), what

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[Checkpoint]:
        """Hold the partition, and wait until what it is compared with stands there too and no rename is under way."""
        self._holds = True
        try:
            await self.generations.renew(self._generation, seconds=WANTED_SECONDS, hold_ms=HOLD_MS)
            while True:
                state = await self._state()
                assert state.shown is not None
                if state.has_met and not await self._has_renames(state.shown):
                    yield state.shown
                    return
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._holds = False
            await self.generations.renew(self._generation, seconds=WANTED_SECONDS)

    async def _has_renames(self, shown: Checkpoint) -> bool:
        numbers = (shown.generation, self._generation)
        return bool(await self.redis.exists(*(Keys(self.generations.partition, n).renames() for n in numbers)))

    async def _until_near(self) -> None:
        """Until what is compared with follows the live stream closely: only then is it worth to hold that."""
        while True:
            state = await self._state()
            assert state.shown is not None
            assert state.making is not None
            if state.making.position.ms >= state.shown.position.ms - _NEAR_MS:
                return
            self.tell(f"Replaying for partition {self.generations.partition}", state.making.passed, state.making.total)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _state(self) -> State:
        state = await self.generations.state()
        if state.shown is None or state.making is None or state.making.generation != self._generation:
            raise Interrupted("Redis was lost or went back meanwhile")
        if state.making.problem:
            raise Interrupted(state.making.problem)
        return state

    def _stands(self, state: State, shown: Checkpoint) -> bool:
        return state.has_met and state.shown == shown


def _where(partition: int, rest: str) -> str:
    return f"partition {partition}, {rest}".replace("\0", "\\0")
