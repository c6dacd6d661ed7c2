"""Connections on which a request is awaited: for how long, and how many connections there may be.

Whoever opens one and sends nothing, half a request, or the next byte in an hour, holds a place that others need. There
is no timer for each: the connections wait in a line, and the one that has waited longest stands in front.
"""

from typing import Final, Protocol


class Connection(Protocol):
    """What can be closed."""

    def give_up(self) -> None:
        """Close: no request has come."""
        ...


class Awaited:
    """The line. `seconds`: how long a whole request may take to come, from the beginning or the last answer on.

    `most`: connections at once. Where there is no room for another one, the one in front makes room.
    """

    def __init__(self, *, seconds: float, most: int) -> None:
        self._seconds: Final = seconds
        self._most: Final = most
        self._line: dict[Connection, float] = {}

    def __len__(self) -> int:
        return len(self._line)

    def admit(self, connection: Connection, number: int, now: float) -> bool:
        """Whether there is room for this one, with which there are so many; then it waits for its first request."""
        if number > self._most:
            if not self._line:
                return False
            self._give_up(next(iter(self._line)))
        self._line[connection] = now
        return True

    def wait(self, connection: Connection, now: float) -> None:
        """It has its answer, and waits for the next request."""
        self._line[connection] = now

    def arrived(self, connection: Connection) -> None:
        """Its request is there, or it is over."""
        self._line.pop(connection, None)

    def sweep(self, now: float) -> None:
        """Give up those that have waited too long; to be called now and then."""
        while self._line:
            connection, since = next(iter(self._line.items()))
            if now - since < self._seconds:
                break
            self._give_up(connection)

    def _give_up(self, connection: Connection) -> None:
        del self._line[connection]
        connection.give_up()
