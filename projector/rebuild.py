"""Makes a generation that was asked for, beside the one that serves, and lets it serve when the two have met.

The steps are those of every consumer, over the replay of the journal and then the live stream (scratch.py). All that
this has to remember stands in Redis: whoever owns the partition next goes on at the position reached. Where events
come faster than the last step takes, what serves is held for a moment, so that the two can meet.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from projector.consumer import Consumer
from projector.generations import Generations, State
from projector.reaching import Unavailable
from projector.scratch import Gone
from read_model.schema.generations import Making

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.5
"""How soon a request is noticed."""
HOLD_MS: Final = 2_000
"""How long what serves may be held; if whoever holds it dies, it goes on then."""
_PAUSE: Final = 0.02


class Rebuild:
    """One partition's generation in the making. Several at once do no harm, as with consumers."""

    def __init__(self, generations: Generations, consumer_of: Callable[[int], Consumer]) -> None:
        self._generations = generations
        self._consumer_of = consumer_of
        self._consumer: Consumer | None = None
        self._generation = 0
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Make whatever is asked for, drop what was replaced, until `stop`; an outage of Redis is waited out."""
        while not self._stopping.is_set():
            try:
                worked = await self.step()
            except Unavailable:
                worked = False  # the partition's consumer says so
            except Gone as error:
                log.info("%s", error)
                self._consumer, worked = None, True
            except Exception:  # whatever it is, what serves goes on
                log.exception("partition %d: a new generation cannot be made", self._generations.partition)
                self._consumer, worked = None, False
            if not worked:
                await self._pause(LOOK_SECONDS)

    def stop(self) -> None:
        """Make `run` end, after the step in flight."""
        self._stopping.set()

    async def step(self) -> bool:
        """Do some of what there is to do; False where there is nothing. Gone where it was for nothing."""
        state = await self._generations.state()
        making = state.making
        if making is None:
            self._consumer = None
            dropped = await self._generations.drop_replaced()
            if dropped:
                log.info("partition %d: %d keys of an old generation are gone", self._generations.partition, dropped)
            return dropped > 0
        if making.expired:
            await self._generations.give_up(making.generation)
            return True
        await self._work(state, making, self._consumer_for(making))
        return True

    async def _work(self, state: State, making: Making, consumer: Consumer) -> None:
        behind = state.shown is not None and making.position < state.shown.position
        if making.purpose == "rebuild" and state.has_met and not consumer.may_have_renames:
            if await self._generations.switch(making.generation):
                self._consumer = None
                log.info("partition %d: generation %d serves", self._generations.partition, making.generation)
                return
            await self._generations.renew(making.generation, hold_ms=HOLD_MS)
        elif not behind and not consumer.may_have_renames:
            await self._pause(_PAUSE)
        await consumer.step()

    def _consumer_for(self, making: Making) -> Consumer:
        if self._consumer is None or self._generation != making.generation:
            log.info("partition %d: generation %d is made from %s on, to %s",
                     self._generations.partition, making.generation, making.position, making.purpose)  # fmt: skip
            self._consumer, self._generation = self._consumer_of(making.generation), making.generation
        return self._consumer

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
