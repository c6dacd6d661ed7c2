"""All servers that take part answer the same, over a small shop: otherwise their speeds would not be comparable."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.bench import fanout, projection
from tests.bench.cases import (
    CASES,
    CRUD,
    CRUD_LOOSE,
    IDIOMATIC,
    MERCURIUS,
    MERCURIUS_ROWS,
    OURS,
    RAW_READ,
    YOGA,
    Case,
    Server,
)
from tests.bench.fanout import Audience
from tests.bench.shop import Shop
from tests.bench.stage import Stage, agree, in_fast_loop, stage, store_answers, why_not

QUERIES = [case for case in CASES if case.is_query]
PLACE = next(case for case in CASES if case.name == "place")
MIXED = next(case for case in CASES if case.name == "mixed")
PYTHON = (OURS, CRUD, IDIOMATIC, RAW_READ)
COMPARED = 5
NODE = (MERCURIUS, MERCURIUS_ROWS, YOGA)


@pytest.fixture(scope="module")
async def staged() -> AsyncIterator[Stage]:
    servers = [server for server in (*PYTHON, CRUD_LOOSE, *NODE) if why_not(server) is None]
    with TemporaryDirectory(prefix="orderstream-bench-") as directory:
        async with stage(Path(directory), Shop(800), servers, lambda _: None) as staged:
            await store_answers(staged, QUERIES, COMPARED)
            yield staged


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.name)
@pytest.mark.parametrize("server", [*PYTHON, *NODE], ids=lambda server: server.name)
async def test_every_server_answers_a_query_as_this_system_does(staged: Stage, case: Case, server: Server) -> None:
    if why := why_not(server):
        pytest.skip(why)
    await agree(staged, case, [server], COMPARED)


async def test_an_answer_that_differs_is_found_out(staged: Stage) -> None:
    await store_answers(staged, [replace(QUERIES[0], document="{ orders { totalCount } }")], 1)
    try:
        with pytest.raises(ValueError, match=r"raw ASGI, one read answers .*totalCount.* instead of"):
            await agree(staged, QUERIES[0], [RAW_READ], 1)
    finally:
        await store_answers(staged, QUERIES[:1], 1)


@pytest.mark.parametrize("server", MIXED.servers, ids=lambda server: server.name)
async def test_reads_and_writes_are_answered_from_one_pool(staged: Stage, server: Server) -> None:
    pool = MIXED.pool(staged.shop, 20)
    assert [b"mutation" in body for body in pool] == 2 * ([False] * 9 + [True])
    played = await staged.play(MIXED, server, pool, 0.1)
    assert played.outcome.errors == 0, played.outcome.example
    assert played.outcome.latencies or played.outcome.late


@pytest.mark.parametrize("server", [OURS, CRUD, CRUD_LOOSE], ids=lambda server: server.name)
async def test_an_order_is_placed_by_whoever_writes(staged: Stage, server: Server) -> None:
    played = await staged.play(PLACE, server, PLACE.pool(staged.shop)[:4], 0.1)
    assert played.outcome.errors == 0, played.outcome.example
    assert played.outcome.latencies or played.outcome.late


@pytest.mark.parametrize(
    "audience",
    [
        Audience("all", 3, 4),
        Audience("all", 3, 1),
        Audience("one", 3, 1, of_one=True),
        Audience("each", 6, 3, of_one=True),
    ],
    ids=["together", "one at a time", "one order", "an order each"],
)
@pytest.mark.parametrize("server", [OURS, IDIOMATIC], ids=lambda server: server.name)
async def test_changes_reach_every_subscriber(staged: Stage, server: Server, audience: Audience) -> None:
    delivery = await in_fast_loop(fanout.measure(staged, server, audience, 1))
    assert delivery.rate.median > 0


async def test_the_bare_steps_of_a_rebuild_can_be_repeated(staged: Stage) -> None:
    assert await projection.bare_rate(staged.environment["REDIS_URL"], 400) > 0
