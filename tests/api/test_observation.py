"""What is counted and logged of exchanges: bounded, whatever clients call their operations and however much fails."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from api.access import NOBODY, Caller
from api.errors import BadUserInput, Faults
from api.exchange import Exchange, Tally
from api.observation import MOST_LINES, MOST_NAMES, Observation
from api.settings import ApiSettings
from tests.system import SECRET

STAFF = Caller("staff", "grace")


@dataclass
class Planned:
    name: str | None
    type: str = "query"
    tally: Tally | None = None


def an_observation(**settings: Any) -> Observation:
    return Observation(ApiSettings.model_validate({"auth_secret": SECRET, **settings}))


def answer(observation: Observation, planned: Planned, caller: Caller = STAFF, *, slow: bool = False) -> None:
    exchange = observation.begin(None, "POST")
    exchange.planned, exchange.caller = planned, caller
    if slow:
        exchange.began -= 3600
    observation.end(exchange, "POST", "/graphql", 200)


def names(observation: Observation) -> set[str]:
    return {name for _, name in observation.tallies}


def test_operations_with_plans_have_numbers_of_their_own_up_to_a_bound() -> None:
    observation = an_observation()
    for number in range(2 * MOST_NAMES):
        answer(observation, Planned(f"Name{number}"))
    assert len(observation.tallies) == MOST_NAMES + 1
    assert observation.tallies["query", "other"].ok == MOST_NAMES
    assert observation.tallies["query", "Name0"].ok == 1


def test_names_of_strangers_take_nobodys_place() -> None:
    observation = an_observation()
    shared = Planned("Catalogue")
    answer(observation, shared, NOBODY)
    assert names(observation) == {"other"}
    answer(observation, shared)
    answer(observation, shared, NOBODY)
    assert observation.tallies["query", "Catalogue"].ok == 2


def test_a_name_that_is_long_or_missing_is_no_label() -> None:
    observation = an_observation()
    answer(observation, Planned("N" * 81))
    answer(observation, Planned(None))
    assert names(observation) == {"other", "anonymous"}


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "ok"), (503, "UNAVAILABLE"), (400, "BAD_USER_INPUT"), (0, "ABANDONED"), (None, "ok")]
)
def test_what_never_came_to_an_operation_is_counted_by_its_status(status: int | None, outcome: str) -> None:
    observation = an_observation()
    observation.end(observation.begin(None, "POST"), "POST", "/graphql", status)
    tally = observation.tallies["none", "anonymous"]
    assert {"ok": tally.ok, **tally.faults} == {"ok": 0, outcome: 1}


def test_the_first_error_is_the_outcome_and_ids_are_kept() -> None:
    exchange = Exchange(0.0)
    hidden = Faults(lambda: "abc").hide(ValueError())
    exchange.fail([BadUserInput("first"), hidden])
    exchange.fail([hidden])
    assert (exchange.outcome, exchange.error_ids) == ("BAD_USER_INPUT", ["abc"])


def test_a_slow_request_has_a_line_and_a_quick_one_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api.requests")
    observation = an_observation()
    answer(observation, Planned("Quick"))
    answer(observation, Planned("Slow"), slow=True)
    answer(an_observation(log_requests="none"), Planned("Silent"), slow=True)
    [record] = caplog.records
    assert record.__dict__["operation"] == "Slow"
    assert record.__dict__["subject"] == "grace"


def test_what_goes_wrong_under_load_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "api.requests")
    observation = an_observation()
    for _ in range(50 * MOST_LINES):
        observation.end(observation.begin(None, "POST"), "POST", "/graphql", 503)
    # As many seconds as they took have that many lines each.
    assert len(caplog.records) < 25 * MOST_LINES
    observation._second = 0
    observation.end(observation.begin(None, "POST"), "POST", "/graphql", 503)
    left_out = sum(record.__dict__.get("left_out", 0) for record in caplog.records)
    assert len(caplog.records) + left_out == 50 * MOST_LINES + 1
