"""The connections to MongoDB, counted as the driver tells of them."""

from threading import Lock
from typing import Any

from pymongo.monitoring import ConnectionPoolListener


class Connections(ConnectionPoolListener):
    """How many there are, and how many of them are at work. The driver tells of it in threads."""

    def __init__(self) -> None:
        self.open = 0
        self.at_work = 0
        self._lock = Lock()

    def connection_created(self, _: Any) -> None:
        """One more."""
        self._count(1, 0)

    def connection_closed(self, _: Any) -> None:
        """One less."""
        self._count(-1, 0)

    def connection_checked_out(self, _: Any) -> None:
        """It works."""
        self._count(0, 1)

    def connection_checked_in(self, _: Any) -> None:
        """It waits."""
        self._count(0, -1)

    def _count(self, open: int, at_work: int) -> None:
        with self._lock:
            self.open += open
            self.at_work += at_work

    def _ignore(self, event: Any) -> None:
        """Nothing that is counted."""

    # The driver calls all of them, and by position; it has names of its own for what they are told.
    pool_created: Any = _ignore
    pool_ready: Any = _ignore
    pool_cleared: Any = _ignore
    pool_closed: Any = _ignore
    connection_ready: Any = _ignore
    connection_check_out_started: Any = _ignore
    connection_check_out_failed: Any = _ignore
