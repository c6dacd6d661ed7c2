"""Numbers: what the processes export of what they have done, and how it is counted."""

import asyncio
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from redis.asyncio import Redis

from telemetry.distribution import Distribution
from telemetry.metrics import Exported, Metric, counter, gauge, histogram
from telemetry.prometheus import family_of
from tests.telemetry.conftest import PARTS, Observed, total
from tests.telemetry.patience import eventually


def test_a_value_counts_below_the_first_bound_that_is_not_less() -> None:
    distribution = Distribution((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 3.0):
        distribution.add(value)
    assert (distribution.counts, distribution.sum) == ([2, 1, 1], 6.0)


def test_metrics_are_written_as_prometheus_reads_them() -> None:
    distribution = Distribution((0.1, 1.0))
    for value in (0.05, 0.5, 5.0):
        distribution.add(value)
    labelled = Metric("counter", "things_total", "Things.", ("kind",), [(("a",), 1), (("b",), 2)])
    metrics = [labelled, gauge("level", "A level.", 3), histogram("took_seconds", "It took.", distribution)]

    class Some:
        def collect(self) -> Iterable[object]:
            return map(family_of, metrics)

    registry = CollectorRegistry()
    registry.register(Some())  # type: ignore[arg-type]
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'things_total{kind="a"} 1.0',
        'things_total{kind="b"} 2.0',
        "level 3.0",
        'took_seconds_bucket{le="0.1"} 1.0',
        'took_seconds_bucket{le="1.0"} 2.0',
        'took_seconds_bucket{le="+Inf"} 3.0',
        "took_seconds_count 3.0",
        "took_seconds_sum 5.55",
    ]


async def test_a_source_that_fails_takes_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    exported = Exported()

    async def healthy() -> list[Metric]:
        return [counter("a_total", "A.", 1)]

    async def failing() -> list[Metric]:
        raise ConnectionError("the store is down")

    exported.add(failing)
    exported.add(healthy)
    assert await asyncio.to_thread(exported.collect) == await healthy()
    assert "the store is down" in caplog.text


async def test_nothing_is_said_before_there_is_anything_to_ask() -> None:
    assert await asyncio.to_thread(Exported().collect) == []


async def test_what_a_request_does_is_counted_all_along_its_way(observed: Observed) -> None:
    committed = {"command": "placeOrder", "outcome": "COMMITTED"}

    async def counts() -> list[float]:
        api, relay, projector = [await observed.metrics(part) for part in ("api", "relay", "projector")]
        return [
            total(api, "orderstream_commands_total", **committed),
            total(api, "orderstream_command_seconds_count", command="placeOrder"),
            total(api, "orderstream_commit_seconds_count"),
            total(api, "orderstream_committed_events_total"),
            total(relay, "orderstream_relay_published_events_total"),
            total(projector, "orderstream_projector_events_total"),
        ]

    async with observed.system.staff as staff:
        customer, product = await staff.register_customer(), await staff.add_product()
        before = await counts()
        await staff.place_order(customer, product)

        async def all_is_counted() -> bool:
            # The order is placed and its stock reserved: two events.
            return [after - b for after, b in zip(await counts(), before, strict=True)] == [1, 1, 1, 2, 2, 2]

        await eventually(all_is_counted)
        refused = {"command": "placeOrder", "outcome": "INSUFFICIENT_STOCK"}
        before_refusal = await observed.value("api", "orderstream_commands_total", **refused)
        answer = await staff.command(
            "placeOrder",
            customerId=customer,
            lines=[{"productId": product, "quantity": 100}],
            shippingAddress={"recipient": "A", "street": "B", "city": "C", "postalCode": "D", "countryCode": "GB"},
        )
        assert [error["code"] for error in answer["userErrors"]] == ["INSUFFICIENT_STOCK"]
        assert await observed.value("api", "orderstream_commands_total", **refused) == before_refusal + 1


async def test_operations_are_counted_by_name_once_they_have_a_plan(observed: Observed) -> None:
    async def requests(**labels: str) -> float:
        return await observed.value("api", "orderstream_requests_total", **labels)

    async with observed.system.staff as staff, observed.system.client(None) as nobody:
        for _ in range(4):
            await staff.data("query Categories { categories { name } }")
        named = {"type": "query", "operation": "Categories", "outcome": "ok"}
        assert 0 < await requests(**named) < 4  # the first came without a plan
        assert await requests(operation="Nonsense") == 0
        before = await requests(outcome="UNAUTHENTICATED")
        await nobody.codes("query Nonsense { orders { totalCount } }")
        assert await requests(operation="Nonsense") == 0
        assert await requests(outcome="UNAUTHENTICATED") == before + 1
        assert await observed.value("api", "orderstream_plan_hits_total") > 0


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{}", "text/plain", 415, "BAD_USER_INPUT"),
        (b" " * 2_000_000, "application/json", 413, "BAD_USER_INPUT"),
        (b"{", "application/json", 400, "BAD_USER_INPUT"),
        (b"[]", "application/json", 422, "BAD_USER_INPUT"),
        # By its status it went well.
        (b'{"documentId": "sha256:0"}', "application/json", 200, "PERSISTED_QUERY_NOT_SUPPORTED"),
    ],
)
async def test_what_is_refused_before_it_is_an_operation_is_counted_by_its_code(
    observed: Observed, body: bytes, content_type: str, status: int, code: str
) -> None:
    async def requests() -> dict[str, float]:
        [family] = [its for name, its in (await observed.metrics("api")).items() if name == "orderstream_requests"]
        samples = [its for its in family.samples if its.labels.get("type") == "none"]
        return {its.labels["outcome"]: its.value for its in samples if its.value}

    async with observed.system.staff as staff:
        before = await requests()
        response = await staff.http.post("/graphql", content=body, headers={"content-type": content_type})
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (status, code)
        assert await requests() == {**before, code: before.get(code, 0) + 1}


async def test_a_fault_of_the_program_is_counted_wherever_it_is_met(observed: Observed) -> None:
    """Nobody can ask for one: a row that is damaged has one in it."""

    async def faults() -> float:
        return await observed.value("api", "orderstream_faults_total")

    async def holds(number: float) -> bool:
        return await faults() == number

    async with (
        observed.system.staff as staff,
        Redis.from_url(observed.system.environment["REDIS_URL"], decode_responses=True) as redis,
    ):
        product = await staff.add_product()
        [key] = await redis.keys(f"*{product}")
        before = await faults()
        row: Any = await redis.hgetall(key)
        await redis.hset(key, mapping=dict.fromkeys(row, "damaged"))
        query = "query Damaged($id: ID!) { product(id: $id) { name price { amount } } }"
        for number in range(1, 4):
            assert await staff.codes(query, id=product) == ["INTERNAL"]
            assert await faults() == before + number
        async with staff.socket() as socket:
            await socket.subscribe("1", query, id=product)
            assert (await socket.receive())["payload"]["errors"][0]["extensions"]["code"] == "INTERNAL"
        await eventually(lambda: holds(before + 4))
        await redis.hset(key, mapping=row)
        assert await staff.codes(query, id=product) == []
        await staff.codes("{ nothing }")
        assert await holds(before + 4)
    lines = [line for line in observed.lines() if line.get("operation") == "Damaged"]
    assert [line["outcome"] for line in lines] == ["INTERNAL"] * 4 + ["ok"]
    assert len(set(chain.from_iterable(line.get("error_ids", ()) for line in lines))) == 4


async def test_who_listens_is_counted(observed: Observed) -> None:
    async def open() -> tuple[float, float]:
        metrics = await observed.metrics("api")
        return total(metrics, "orderstream_sockets"), total(metrics, "orderstream_subscriptions")

    async def is_so(sockets: int, subscriptions: int) -> bool:
        return await open() == (sockets, subscriptions)

    async with observed.system.staff as staff:
        async with staff.socket() as socket:
            await socket.subscribe("1", "subscription { ordersChanged { status } }")
            await eventually(lambda: is_so(1, 1))
        await eventually(lambda: is_so(0, 0))
        labels = {"type": "subscription", "outcome": "ok"}
        assert await observed.value("api", "orderstream_requests_total", **labels) > 0


async def test_one_relay_and_one_worker_lead(observed: Observed) -> None:
    assert await observed.value("relay", "orderstream_relay_leader") == 1
    assert await observed.value("worker", "orderstream_worker_leader") == 1
    assert await observed.value("projector", "orderstream_projector_partitions") == 8


async def test_every_name_has_a_prefix_and_is_said_once(observed: Observed) -> None:
    for part in PARTS:
        ours = [name for name in await observed.metrics(part) if name.startswith("orderstream_")]
        assert ours
        others = {name.partition("_")[0] for name in await observed.metrics(part)} - {"orderstream"}
        assert others <= {"process", "python"}
        assert all(re.fullmatch(r"[a-z_]+", name) for name in ours)
