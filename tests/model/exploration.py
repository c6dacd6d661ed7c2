"""Every state that a specification can reach, breadth first: what is wrong comes with the shortest way to it."""

from abc import ABC, abstractmethod
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

State = TypeVar("State", bound=Hashable)

Steps = Iterable[tuple[str, State]]
"""What an action can do in a state: in words, and the state that it leads to. Nothing where its guard forbids it."""

LARGEST: Final = 3_000_000
"""States; a model with more was not meant to have them."""


class Specification(ABC, Generic[State]):
    """States, what leads from one to the next, and what must hold in all of them."""

    @abstractmethod
    def initial(self) -> State:
        """Where everything begins."""

    @abstractmethod
    def actions(self) -> Sequence[Callable[[State], Steps[State]]]:
        """What the system does when all goes well. It need not be fast: an action may wait for ever to be taken."""

    @abstractmethod
    def faults(self) -> Sequence[Callable[[State], Steps[State]]]:
        """What happens to it. Whatever faults have happened, without more of them it must come to its goal."""

    @abstractmethod
    def invariants(self) -> Mapping[str, Callable[[State], bool]]:
        """What holds in every state, by the sentence that says so."""

    def likeness(self, state: State) -> Hashable:
        """What states have in common that differ in names only: of those, one is enough."""
        return state

    @abstractmethod
    def is_goal(self, state: State) -> bool:
        """Whether everything has been done that was to be done."""


@dataclass(frozen=True)
class Counterexample(Generic[State]):
    """A sentence that does not hold, and the shortest way to where it does not."""

    broken: str
    way: Sequence[str]
    state: State

    def __str__(self) -> str:
        lines = [f"Broken: {self.broken}", *(f"{n:3}. {step}" for n, step in enumerate(self.way, 1))]
        return "\n".join([*lines, f"Then: {self.state}"])


@dataclass(frozen=True)
class Explored(Generic[State]):
    """What was found. `fired`: how many steps each action has, in all states together."""

    states: int
    fired: Mapping[str, int]
    counterexample: Counterexample[State] | None


def explore(specification: Specification[State], *, largest: int = LARGEST) -> Explored[State]:
    """Visit every state, or those up to the first broken invariant; then ask whether each can come to the goal."""
    return _Exploration(specification, largest).run()


class _Exploration(Generic[State]):
    def __init__(self, specification: Specification[State], largest: int) -> None:
        self._specification = specification
        self._largest = largest
        self._actions = [(action, True) for action in specification.actions()]
        self._actions += [(fault, False) for fault in specification.faults()]
        self._invariants = specification.invariants()
        self._numbers: dict[Hashable, int] = {}
        self._states: list[State] = []
        self._came_from = array("l")
        self._came_by: list[str] = []
        self._into: array[int] = array("l")
        """Calm edges, by the two numbers of each: from, to."""
        self._fired: Counter[str] = Counter({action.__name__: 0 for action, _ in self._actions})

    def run(self) -> Explored[State]:
        self._number(self._specification.initial(), -1, "")
        for number, state in enumerate(self._states):  # which grows meanwhile
            for broken, holds in self._invariants.items():
                if not holds(state):
                    return self._found(self._counterexample(broken, number))
            self._leave(number, state)
        return self._found(self._stuck())

    def _leave(self, number: int, state: State) -> None:
        for action, is_calm in self._actions:
            for said, following in action(state):
                self._fired[action.__name__] += 1
                to = self._number(following, number, said)
                if is_calm and to != number:
                    self._into.extend((number, to))

    def _number(self, state: State, came_from: int, came_by: str) -> int:
        number = self._numbers.setdefault(self._specification.likeness(state), len(self._states))
        if number == len(self._states):
            if number == self._largest:
                raise RuntimeError(f"more than {self._largest} states")
            self._states.append(state)
            self._came_from.append(came_from)
            self._came_by.append(came_by)
        return number

    def _stuck(self) -> Counterexample[State] | None:
        """The nearest state from which no calm steps lead to the goal."""
        before: list[list[int]] = [[] for _ in self._states]
        for edge in range(0, len(self._into), 2):
            before[self._into[edge + 1]].append(self._into[edge])
        open_ = [number for number, state in enumerate(self._states) if self._specification.is_goal(state)]
        comes_there = set(open_)
        while open_:
            for number in before[open_.pop()]:
                if number not in comes_there:
                    comes_there.add(number)
                    open_.append(number)
        for number in range(len(self._states)):
            if number not in comes_there:
                return self._counterexample("Without more faults, everything comes to its end", number)
        return None

    def _counterexample(self, broken: str, number: int) -> Counterexample[State]:
        return Counterexample(broken, [*self._way(number)][::-1], self._states[number])

    def _way(self, number: int) -> Iterator[str]:
        while number > 0:
            yield self._came_by[number]
            number = self._came_from[number]

    def _found(self, counterexample: Counterexample[State] | None) -> Explored[State]:
        return Explored(len(self._states), self._fired, counterexample)


def without(guards: Collection[str], guard: str) -> frozenset[str]:
    """All of the guards but one, which must be among them."""
    if guard not in guards:
        raise KeyError(guard)
    return frozenset(guards) - {guard}
