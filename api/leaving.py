"""The way out of a process that was told to stop: first it says so, then streams and sockets let their clients go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Leaving:
    """How far it has come: announced (load balancers may hear of it), then begun (nothing new, and streams end)."""

    def __init__(self) -> None:
        self.is_announced = False
        self.has_begun = False
        self._open: set[Callable[[], None]] = set()

    def announce(self) -> None:
        """From now on nobody new should come: not ready, and no connection is kept for another request."""
        self.is_announced = True

    def begin(self) -> None:
        """Tell every stream and socket that is open."""
        self.is_announced = self.has_begun = True
        for leave in list(self._open):
            leave()

    @contextmanager
    def telling(self, leave: Callable[[], None]) -> Iterator[None]:
        """Within the block `leave` is called when it begins; at once where it has."""
        self._open.add(leave)
        try:
            if self.has_begun:
                leave()
            yield
        finally:
            self._open.remove(leave)
