"""The tutorial can be followed: its patches fit the tree as it is, and what it says to run is green after each step."""

import re
from pathlib import Path

import pytest

from tests.docs.tutorial import STEPS, Copy, commands, page, parts


def test_the_page_shows_all_of_each_patch_once() -> None:
    named = re.findall(r"^<!-- (\S+\.patch) (\S+) -->$", page(), re.MULTILINE)
    assert sorted(named) == sorted((patch.name, file) for patch in STEPS for file in parts(patch))


def test_each_step_has_its_patch_and_says_what_to_run() -> None:
    steps = re.findall(r"^git apply docs/tutorial/(\S+)", page(), re.MULTILINE)
    assert steps == [patch.name for patch in STEPS]
    for step in range(1, len(STEPS) + 1):
        assert commands(step), step


@pytest.mark.timeout(300)
def test_who_follows_it_is_green_after_each_step(tmp_path: Path) -> None:
    copy = Copy(tmp_path)
    for step in range(1, len(STEPS) + 1):
        copy.follow(step)
