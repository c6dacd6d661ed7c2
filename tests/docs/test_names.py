"""What the pages call by name is there: commands of `orderstream`, targets of make, files and decisions."""

import re
from pathlib import Path

import pytest
import typer.main

from stack.__main__ import app
from tests.docs.test_links import ROOT, TEXTS
from tests.docs.tutorial import STEPS, parts

COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
TARGETS = set(" ".join(re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)).split())
DECISIONS = re.findall(r"^(\d+)\. \*\*", (ROOT / "docs" / "decisions.md").read_text(), re.MULTILINE)

ADDED = {file for patch in STEPS for file, text in parts(patch).items() if text.startswith("@@ -0,0 ")}
"""By those who follow the tutorial."""


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"(?:^|`|bin/)orderstream ([a-z]+)", text, re.MULTILINE)) <= COMMANDS
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= TARGETS
    assert set(re.findall(r"\[decision\]\([^)]*\) (\d+)", text)) <= set(DECISIONS)
    files = set(re.findall(r"`((?:api|write_model|read_model|projector|stack|telemetry|tests|docs)/[\w./-]+)`", text))
    assert {file for file in files - ADDED if not (ROOT / file).exists()} == set()


def test_decisions_are_numbered_without_a_gap() -> None:
    assert list(map(int, DECISIONS)) == list(range(1, len(DECISIONS) + 1))
