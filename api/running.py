"""Operations under way, oldest first: one that takes too long is cut off."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from api.errors import Code, Fault


class TimedOut(Fault):
    code = Code.TIMEOUT


class Running:
    """Those of one process. One sweep looks at the oldest, now and then: a timer for each would cost more."""

    def __init__(self, seconds: float) -> None:
        self.seconds: Final = seconds
        self.since: Final[dict[asyncio.Task[Any], tuple[float, Callable[[], bool]]]] = {}
        """By the task of each, when it began."""
        self.cut: Final[set[asyncio.Task[Any]]] = set()
        """Those that were cancelled, and have not noticed."""

    def sweep(self, now: float) -> None:
        """Cut off what has taken too long; to be called now and then, with the event loop's time."""
        while self.since:
            task, (since, is_endless) = next(iter(self.since.items()))
            if now - since < self.seconds:
                break
            del self.since[task]
            if not is_endless():
                self.cut.add(task)
                task.cancel()


class Operation:
    """To be entered by the task of an operation, for as long as it is under way; TimedOut where it was cut off.

    `is_endless`: asked once it is late; where it says so, the operation goes on.
    """

    __slots__ = ("_is_endless", "_running", "_task")

    def __init__(self, running: Running, is_endless: Callable[[], bool] = bool) -> None:
        self._running = running
        self._is_endless = is_endless

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._running.since[task] = asyncio.get_running_loop().time(), self._is_endless

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._running.since.pop(self._task, None)
        if self._task in self._running.cut:
            self._running.cut.remove(self._task)
            self._task.uncancel()
            if kind is asyncio.CancelledError:
                raise TimedOut(
                    f"The operation took longer than {self._running.seconds:g} s and was cut off. If it is a mutation, "
                    "it may be done all the same: send it again with its idempotency key to know."
                ) from None
