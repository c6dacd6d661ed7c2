"""The short form of the fault suite: a load, a few faults of each kind, and not one promise broken."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.__main__ import show
from tests.faults.plan import SHORT, plan_faults, plan_load
from tests.faults.run import run

SEED = 7
COMMANDS = 700


@pytest.mark.timeout(600)
async def test_no_promise_is_broken_by_any_fault() -> None:
    faults = plan_faults(SEED, len(SHORT), SHORT)
    with TemporaryDirectory(prefix="orderstream-faults-") as directory:
        report = await run(Path(directory), seed=SEED, commands=COMMANDS, faults=faults)
    show(report)
    assert report.violations == []
    assert report.faults == len(SHORT)
    assert report.commands >= COMMANDS


def test_a_seed_is_a_plan() -> None:
    assert plan_faults(1, 200) == plan_faults(1, 200) != plan_faults(2, 200)
    assert plan_load(1, 500) == plan_load(1, 500) != plan_load(2, 500)
    assert sum(step.commands for steps in plan_load(1, 500) for step in steps) >= 500
