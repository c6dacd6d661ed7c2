"""The waiting room of a partition: who waits for which position, woken without polling."""

import asyncio
from bisect import bisect_left, insort
from itertools import count

from write_model.contracts.streams import Position


class WaitingRoom:
    """Those who wait, sorted by position; a number of their own keeps equals in order."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Position, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, position: Position) -> None:
        """Until this position or a higher one is called."""
        place = (position, next(self._numbers), asyncio.get_running_loop().create_future())
        insort(self._waiting, place)
        try:
            await place[2]
        finally:
            # Who gives up leaves at once: one with a token far in the future would stay for ever.
            index = bisect_left(self._waiting, place)
            if self._waiting[index : index + 1] == [place]:
                del self._waiting[index]

    def call(self, position: Position) -> None:
        """Wake everyone who waits for the position or a lower one."""
        ready = 0
        for wanted, _, future in self._waiting:
            if wanted > position:
                break
            ready += 1
            if not future.done():
                future.set_result(None)
        del self._waiting[:ready]
