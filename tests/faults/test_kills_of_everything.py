"""A few rounds of `make kills`; with LONG=1 only, because a round takes half a minute."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.kills import kill_everything


@pytest.mark.skipif(not os.environ.get("LONG"), reason="a minute and a half: LONG=1 runs it")
@pytest.mark.timeout(600)
async def test_everything_comes_back_and_verifies() -> None:
    with TemporaryDirectory(prefix="orderstream-kills-") as directory:
        kills, violations = await kill_everything(Path(directory), seed=3, rounds=2)
    assert violations == []
    assert (len(kills.recoveries), kills.differences) == (2, 0)
