"""What a verification has found: the first differences in words, and how many there are."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

SHOWN: Final = 20


class Finding(NamedTuple):
    """A difference: where it is, and what is different."""

    where: str
    what: str


@dataclass
class Findings:
    """The first ones, and the number of all."""

    first: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, where: str, what: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Finding(where, what))
