"""A system of its own, because recipes take the first products that they find and some stop its Redis for a while."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.recipes.network import Network, network_to
from tests.recipes.snippets import RECIPES
from tests.system import Client, System, running_system


@pytest.fixture(scope="package")
async def system(mongodb_url: str) -> AsyncIterator[System]:
    with TemporaryDirectory(prefix="orderstream-recipes-") as directory:
        settings = {"READ_TIMEOUT_SECONDS": "0.3"}
        async with running_system(Path(directory), mongodb_url, "test_recipes", **settings) as system:
            yield system


@pytest.fixture
async def staff(system: System) -> AsyncIterator[Client]:
    async with system.staff as client:
        yield client


@pytest.fixture
async def network(system: System) -> AsyncIterator[Network]:
    async with network_to(system.url) as network:
        yield network


@pytest.fixture(scope="package")
def node() -> str:
    """Where Node is; who has none, or not the packages, misses these tests, but CI has to have them."""
    node = shutil.which("node")
    lacks = None
    if node is None:
        lacks = "Node is missing: install Node 18 or later with npm (Debian, Ubuntu: apt-get install nodejs npm)"
    elif not (RECIPES / "node_modules" / "graphql-ws").exists():
        lacks = "the packages of docs/recipes are missing: make install"
    if lacks and os.environ.get("REQUIRE_NODE"):
        pytest.fail(lacks)
    if lacks:
        pytest.skip(lacks)
    assert node
    return node
