"""A bound on how many do the same thing at once."""

from typing import Final

from read_model.errors import Busy


class Room:
    """So many places, and no line before the door: whoever finds all of them taken is told so at once.

    To be entered: it is a place while the block runs, Busy where there is none.
    """

    def __init__(self, places: int, what: str) -> None:
        self._places: Final = places
        self._what: Final = what
        self._taken = 0

    @property
    def taken(self) -> int:
        """How many do it now."""
        return self._taken

    def __enter__(self) -> None:
        if self._taken >= self._places:
            raise Busy(what=self._what)
        self._taken += 1

    def __exit__(self, *_: object) -> None:
        self._taken -= 1
