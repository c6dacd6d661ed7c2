"""A bound on how many do the same thing at once."""

from collections.abc import Callable
from typing import Final


class Room:
    """So many places, and no line before the door: whoever finds all of them taken is told so at once.

    To be entered: it is a place while the block runs; where there is none, what `full` makes is raised.
    """

    def __init__(self, places: int, full: Callable[[], Exception]) -> None:
        self._places: Final = places
        self._full: Final = full
        self._taken = 0

    def __enter__(self) -> None:
        if self._taken >= self._places:
            raise self._full()
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1
