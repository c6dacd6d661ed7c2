"""The promises hold in every state that the models reach; without any one of the guards they do not."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.model.exploration import Explored, explore, without
from tests.model.systems import PARTS, SHOWN_BY, SYSTEMS

ROOT: Final = Path(__file__).parents[2]
GUARDS: Final = {guard: guards for guards, _ in PARTS.values() for guard in guards}


@cache
def explored(name: str) -> Explored[Any]:
    return explore(SYSTEMS[name](frozenset(GUARDS)))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_state_keeps_the_promises_and_leads_to_the_end(name: str) -> None:
    found = explored(name)
    print(f"{name}: {found.states} states, {sum(found.fired.values())} steps")
    assert found.counterexample is None, f"\n{found.counterexample}"
    assert found.states > 1_000, "a model of so little says little"


@pytest.mark.parametrize("part", PARTS)
def test_everything_that_a_model_can_do_is_done(part: str) -> None:
    fired: Counter[str] = Counter()
    for name in PARTS[part][1]:
        fired.update(explored(name).fired)
    assert [action for action, times in fired.items() if not times] == []


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_without_a_guard_something_goes_wrong(guard: str) -> None:
    found = explore(SHOWN_BY[guard](without(frozenset(GUARDS), guard))).counterexample
    print(f"Without {guard}\n{found}")
    assert found is not None, "the model does not need this guard"
    assert len(found.way) > 2


@pytest.mark.parametrize("guard", sorted(GUARDS))
def test_a_guard_is_where_the_model_says(guard: str) -> None:
    path, *names = guard.partition(":")[0].split()
    text = (ROOT / path).read_text()
    assert all(name.rstrip(",") in text for name in names)
