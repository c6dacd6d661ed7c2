"""The recipes do what the documentation says of them, while the network and the read model fail."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.recipes.network import Network
from tests.recipes.program import Program, Step, tour
from tests.system import Client, System, customer_token
from write_model.contracts.streams import BEGINNING, Token


@asynccontextmanager
async def stopped_redis(system: System) -> AsyncIterator[Callable[[], None]]:
    """Redis that answers nobody, until the function is called."""
    async with Redis.from_url(system.environment["REDIS_URL"]) as redis:
        pid = (await redis.info("server"))["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield lambda: os.kill(pid, signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
async def customer_id(staff: Client) -> str:
    return await staff.register_customer()


@pytest.fixture
async def products(staff: Client) -> list[str]:
    """Two to buy; with stock for all tours, and less than they ask for in vain."""
    return [await staff.add_product(stock=1_000, price="19.90") for _ in range(2)]


def of(steps: list[Step], name: str) -> list[Step]:
    return [step for step in steps if step["step"] == name]


@pytest.mark.parametrize("arguments", [("urql",), ("urql", "events"), ("apollo",)], ids=" ".join)
async def test_a_shop(
    node: str, system: System, network: Network, customer_id: str, products: list[str], arguments: tuple[str, ...]
) -> None:
    network.lose_answer_to(b"placeOrder")
    async with (
        stopped_redis(system) as go_on,
        tour(node, *arguments, port=network.port, token=customer_token(customer_id)) as program,
    ):
        await network.answered(b"UNAVAILABLE")  # its first query; it asks again
        go_on()
        steps = await program.rest()

    [placed], [again], [read] = of(steps, "placed"), of(steps, "placed again"), of(steps, "read")
    assert network.lost == 1
    assert placed["replayed"] is True, "the answer was lost, and the command sent again"
    assert (again["id"], again["replayed"]) == (placed["id"], True)
    assert (read["order"]["id"], read["order"]["status"]) == (placed["id"], "PLACED")

    before, *_, after = [step["available"] for step in of(steps, "watched")]
    assert after == before - 1

    broken, short = of(steps, "refused")
    assert broken["codes"] == ["INVALID_INPUT", "INVALID_INPUT"]
    assert broken["byInput"].keys() == {"shippingAddress.city", "shippingAddress.countryCode"}
    assert short["codes"] == ["INSUFFICIENT_STOCK"]
    assert short["byInput"] == {"lines.0.quantity": short["message"]}
    assert [step["codes"] for step in of(steps, "failed")] == [["BAD_USER_INPUT"]]

    pages = of(steps, "page")
    assert [(len(set(page["ids"])), page["totalCount"]) for page in pages] == [(2, 5), (4, 5), (5, 5)]
    assert pages[-1]["ids"][-1] == placed["id"], "the oldest is the last"
    assert [step["statuses"] for step in of(steps, "listed")] == [["PLACED"] * 4 + ["CANCELLED"]]

    assert [step["code"] for step in of(steps, "changed")] == ["VERSION_CONFLICT"]
    [bought] = of(steps, "bought")
    assert (bought["seen"]["status"], bought["order"]["status"]) == ("DRAFT", "PLACED")
    assert [line["quantity"] for line in bought["order"]["lines"]] == [3]
    assert bought["order"]["total"]["amount"] == "59.70"


async def test_an_order_is_followed_through_a_cut(
    node: str, staff: Client, network: Network, customer_id: str, products: list[str]
) -> None:
    id = (await staff.place_order(customer_id, products[0]))["id"]
    async with tour(node, "order", id, port=network.port, token=customer_token(customer_id)) as program:
        seen = [await program.next("change")]
        await staff.receipt("confirmOrder", orderId=id)
        seen.append(await program.next("change"))
        network.cut()
        await staff.receipt("shipOrder", orderId=id, carrier="DHL", trackingNumber="JD01")
        network.mend()
        seen.append(await program.next("change"))
        network.cut()
        network.mend()
        await staff.receipt("deliverOrder", orderId=id)
        seen += await program.rest()
    assert [change["version"] for change in seen] == [1, 2, 3, 4]
    assert [change["status"] for change in seen] == ["PLACED", "CONFIRMED", "SHIPPED", "DELIVERED"]


async def changes(program: Program, number: int) -> list[tuple[str, int]]:
    """So many changes: order and version."""
    found = [await program.next("change") for _ in range(number)]
    return [(change["orderId"], change["version"]) for change in found]


async def test_all_orders_are_followed_through_cuts_and_absences(
    node: str, staff: Client, network: Network, customer_id: str, products: list[str]
) -> None:
    async def place() -> str:
        return str((await staff.place_order(customer_id, products[0]))["id"])

    old = await place()
    # A position from before anything that the feeds keep.
    long_ago = Token.at(BEGINNING, range(8)).encode()
    async with tour(node, "orders", long_ago, port=network.port, token=customer_token(customer_id)) as program:
        shown = [await program.next("read") for _ in range(2)]
        assert [page["totalCount"] for page in shown] == [1, 1], "read again, because the position had expired"

        first = await place()
        assert await changes(program, 1) == [(first, 1)]
        network.cut()
        second = await place()
        await staff.receipt("confirmOrder", orderId=first)
        network.mend()
        assert await changes(program, 2) == [(second, 1), (first, 2)]
        await staff.receipt("cancelOrder", orderId=old, reason="OTHER")
        rest: list[dict[str, Any]] = await program.rest()
    assert [(change["orderId"], change["version"]) for change in rest] == [(old, 2)]


async def test_a_queued_command_tells_its_outcome(
    node: str, network: Network, customer_id: str, products: list[str]
) -> None:
    async with tour(node, "queued", port=network.port, token=customer_token(customer_id)) as program:
        committed, rejected = await program.rest()
    assert (committed["name"], committed["status"], committed["version"]) == ("placeOrder", "COMMITTED", 1)
    assert committed["aggregateId"].startswith("ord_")
    assert rejected["status"] == "REJECTED"
    assert [error["code"] for error in rejected["userErrors"]] == ["INSUFFICIENT_STOCK"]
