"""A bound on how many do the same thing at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from read_model.errors import Busy


class Room:
    """So many places, and no line before the door: whoever finds all of them taken is told so at once."""

    def __init__(self, places: int, what: str) -> None:
        self._places: Final = places
        self._what: Final = what
        self._taken = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place while the block runs; Busy where there is none."""
        if self._taken >= self._places:
            raise Busy(what=self._what)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
