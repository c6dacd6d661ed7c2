"""After any history, every query of the contract answers what a naive model computes from the journal.

By default these are a few histories, the same ones each time. `ORDERSTREAM_HISTORIES=200` in the environment tries so
many new ones, and looks for the shortest that fails. A failure prints the query, what differs, and the history.
"""

import os
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from tests.journeys import senders
from tests.journeys.answers import Examiner
from tests.journeys.documents import queries
from tests.journeys.histories import History, histories
from tests.journeys.naive.shop import Shop
from tests.journeys.questions import Curiosity
from tests.journeys.senders import Shopkeeper, over_graphql, to_command_side
from tests.system import System, running_system
from write_model.settings import WriteSettings
from write_model.startup import open_write_model

NOT_IN_THE_JOURNAL: Final = {"projection", "operations", "parkedEvents", "parkedEvent"}
ELSEWHERE: Final = {"orderHistory"}
"""It is the journal itself: tests/journeys/test_operations.py compares them."""
DAYS: Final = 6
"""How long the past is, at most."""

# What is asked here is what is answered, not how soon.
PATIENCE: Final = {"STALE_READ_TIMEOUT_MS": "15000", "READ_TIMEOUT_SECONDS": "15", "COMMAND_TIMEOUT_SECONDS": "15"}

HISTORIES: Final = int(os.environ.get("ORDERSTREAM_HISTORIES", "0"))
A_FEW: Final = settings(max_examples=3, derandomize=True, database=None, phases=[Phase.generate])
MANY: Final = settings(max_examples=HISTORIES or 1, phases=[Phase.generate, Phase.shrink], print_blob=True)
EVER: Final = settings(
    MANY if HISTORIES else A_FEW,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

_numbers: Final = count(1)


async def live(history: History, system: System, mongodb_url: str, database: str) -> Shopkeeper:
    """All of the history happens."""
    shopkeeper = Shopkeeper()
    settings = WriteSettings.model_validate({"mongodb_url": mongodb_url, "mongodb_database": database})
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with (
        open_write_model(settings, clock=senders.clock) as write_model,
        system.staff as staff,
        system.client(staff.token, prefer="respond-async") as patient,
    ):
        past, present = to_command_side(write_model), over_graphql(staff, patient)
        await shopkeeper.live(history, midnight - timedelta(days=DAYS), past, present)
    return shopkeeper


async def journal(mongodb_url: str, database: str) -> list[dict[str, Any]]:
    """The journal's documents, as they were inserted."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        return await client[database]["journal"].find().sort("$natural", 1).to_list()


# Of a long history that fails, which is printed here as briefly as can be.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.timeout(60 * HISTORIES + 900 if HISTORIES else 300)
@EVER
@given(history=histories(bursts=20), seed=st.integers(0, 2**32))
async def test_every_query_answers_what_the_journal_says(mongodb_url: str, history: History, seed: int) -> None:
    database = f"test_every_query_{next(_numbers)}"
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(TemporaryDirectory(prefix="orderstream-every-query-"))
        client = await stack.enter_async_context(AsyncMongoClient[dict[str, Any]](mongodb_url))
        stack.push_async_callback(client.drop_database, database)
        system = await stack.enter_async_context(running_system(Path(directory), mongodb_url, database, **PATIENCE))

        shopkeeper = await live(history, system, mongodb_url, database)
        shop = Shop.after(await journal(mongodb_url, database), "EUR")

        curious, rng = Curiosity(shop, seed), random.Random(seed)
        examiner = await stack.enter_async_context(Examiner.of(system, shop.customers, shopkeeper.tokens))
        # At once: tokens are all that these wait for.
        await examiner.check_all(curious.reports())
        await examiner.wait_for_names(shop)
        await examiner.check_all(curious.single_things())
        await examiner.check_all(curious.queued_commands())
        await examiner.check_all(curious.orders_of_many_customers())
        await examiner.check_all(
            listing.page({}, **size) for listing, size in curious.first_pages(min(20, len(shop.orders)))
        )
        for listing in curious.listings(1):
            await examiner.walk_through(listing, rng)
        assert examiner.asked == queries() - NOT_IN_THE_JOURNAL - ELSEWHERE
        assert await examiner.parked_events() == 0
