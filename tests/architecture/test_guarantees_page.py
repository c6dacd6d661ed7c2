"""The page of guarantees names tests that exist, and settings that have the value it says."""

import re
from pathlib import Path

import pytest

from projector.settings import ProjectorSettings
from read_model.settings import ReadSettings
from write_model.mongo.indexes import RECEIPT_LIFETIME_SECONDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_a_file_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_promise_has_tests() -> None:
    promises = re.split(r"^\*\*(\d)\. ", PAGE.partition("## The models")[0], flags=re.MULTILINE)[1:]
    assert promises[::2] == ["1", "2", "3", "4", "5", "6"]
    for promise in promises[1::2]:
        assert re.search(r"^Tests: `tests/.*/test_", promise, re.MULTILINE), promise


def test_what_is_kept_is_kept_so_long() -> None:
    assert f"{RECEIPT_LIFETIME_SECONDS // 86_400} days" in PAGE
    assert f"{ProjectorSettings.model_fields['feed_retention_seconds'].default // 60} minutes" in PAGE
    assert ReadSettings.model_fields["feed_block_seconds"].default == 1, "the page says: up to a second"


def test_the_readme_leads_there() -> None:
    assert "(docs/guarantees.md)" in (ROOT / "README.md").read_text()
