"""The exploration itself: that it sees what is wrong, and by the shortest way."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.model.exploration import Specification, Steps, explore


class Counter(Specification[int]):
    """Counts by one or two, up to nine; a fault sets it to where it may end or not."""

    def __init__(self, *, never: int = 100, trap: int = 0) -> None:
        self._never = never
        self._trap = trap

    def initial(self) -> int:
        return 0

    def actions(self) -> Sequence[Callable[[int], Steps[int]]]:
        return [self.add_one, self.add_two]

    def faults(self) -> Sequence[Callable[[int], Steps[int]]]:
        return [self.fall]

    def invariants(self) -> Mapping[str, Callable[[int], bool]]:
        return {"It is never so many": lambda state: state != self._never}

    def is_goal(self, state: int) -> bool:
        return state == 9

    def add_one(self, state: int) -> Steps[int]:
        if 0 <= state < 9:
            yield f"{state} and one", state + 1

    def add_two(self, state: int) -> Steps[int]:
        if 0 <= state < 8:
            yield f"{state} and two", state + 2

    def fall(self, state: int) -> Steps[int]:
        if state == 5:
            yield "it falls", self._trap


def test_every_state_is_visited_once() -> None:
    explored = explore(Counter())
    assert (explored.states, explored.counterexample) == (10, None)
    assert explored.fired == {"add_one": 9, "add_two": 8, "fall": 1}


def test_a_broken_invariant_comes_with_the_shortest_way_to_it() -> None:
    found = explore(Counter(never=5)).counterexample
    assert found is not None
    assert len(found.way) == 3
    assert str(found).splitlines()[0] == "Broken: It is never so many"
    assert found.state == 5


def test_a_state_that_leads_nowhere_is_found() -> None:
    found = explore(Counter(trap=-1)).counterexample
    assert found is not None
    assert found.way[-1] == "it falls"
    assert "Without more faults" in found.broken


def test_more_states_than_expected_are_an_error() -> None:
    with pytest.raises(RuntimeError):
        explore(Counter(), largest=9)
