"""What happens when a token ends while somebody follows something by it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.auth import issue_token
from tests.api.processes import another_api
from tests.system import SECRET, Client, System

QUERY = "{ projection { parkedEvents } }"


@pytest.fixture
async def strict(system: System, tmp_path: Path) -> AsyncIterator[System]:
    """An API whose clock is the issuer's."""
    async with another_api(system, tmp_path / "log", AUTH_LEEWAY_SECONDS="0") as (other, _):
        yield other


CHANGES = "subscription($id: ID!) { productChanged(productId: $id) { version } }"
STATUS = "subscription($id: ID!) { orderStatusChanged(orderId: $id, afterVersion: 0) { version } }"


async def an_order(staff: Client) -> str:
    placed = await staff.place_order(await staff.register_customer(), await staff.add_product())
    return str(placed["id"])


async def test_a_subscription_over_a_socket_ends_with_its_token(staff: Client, strict: System) -> None:
    order_id = await an_order(staff)
    async with strict.client(issue_token(SECRET, "staff", None, 3)) as client, client.socket() as socket:
        await socket.subscribe("1", STATUS, id=order_id)
        assert await socket.nexts("1", 1) == [{"orderStatusChanged": {"version": 1}}]
        message = await socket.receive()
        assert [error["extensions"]["code"] for error in errors_of(message)] == ["UNAUTHENTICATED"]
        await socket.subscribe("2", QUERY)
        answers = [await socket.receive(), await socket.receive()]
        [again] = [answer for answer in answers if answer.get("id") == "2"]
        assert [error["extensions"]["code"] for error in errors_of(again)] == ["UNAUTHENTICATED"]


async def test_a_subscription_by_events_ends_with_its_token(staff: Client, strict: System) -> None:
    order_id = await an_order(staff)
    async with strict.client(issue_token(SECRET, "staff", None, 3)) as client:
        said = [(name, data) async for name, data in client.events(STATUS, id=order_id)]
    assert said[0] == ("next", {"data": {"orderStatusChanged": {"version": 1}}})
    assert [error["extensions"]["code"] for error in said[1][1]["errors"]] == ["UNAUTHENTICATED"]
    assert said[-1][0] == "complete"


def errors_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    payload = message["payload"]
    errors: list[dict[str, Any]] = payload if message["type"] == "error" else payload["errors"]
    return errors


async def test_whoever_looks_at_the_catalogue_without_a_token_goes_on_looking(staff: Client, nobody: Client) -> None:
    product_id = await staff.add_product()
    async with nobody.socket() as socket:
        await socket.subscribe("1", CHANGES, id=product_id)
        await socket.nexts("1", 1)
        await staff.receipt("restockProduct", productId=product_id, quantity=1)
        await socket.nexts("1", 1)
