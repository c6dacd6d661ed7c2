"""`ordersChanged` over the API: who hears of what, and how a client resumes."""

from typing import Any

import pytest

from tests.system import Client, Socket, System, customer_token
from write_model.contracts.streams import BEGINNING, Token, partition_of

FOLLOW = """subscription($customer: ID, $statuses: [OrderStatus!], $after: String) {
    ordersChanged(customerId: $customer, statuses: $statuses, after: $after) {
        cursor orderId version status order { id status customer { id } }
    }
}"""


async def next_changes(socket: Socket, id: str, number: int) -> list[dict[str, Any]]:
    return [data["ordersChanged"] for data in await socket.nexts(id, number)]


async def settled(socket: Socket) -> None:
    """Until the server has taken what was sent before: a subscription's beginning is a round trip of its own."""
    await socket.subscribe("settled", "{ projection { parkedEvents } }")
    await socket.nexts("settled", 1)
    assert (await socket.receive())["type"] == "complete"


async def test_a_client_that_was_away_gets_what_it_missed(staff: Client) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, customer=customer_id)
        await settled(socket)
        draft = (await staff.receipt("createOrder", customerId=customer_id))["id"]
        (first,) = await next_changes(socket, "1", 1)
    assert (first["orderId"], first["version"], first["status"]) == (draft, 1, "DRAFT")
    assert first["order"] == {"id": draft, "status": "DRAFT", "customer": {"id": customer_id}}
    await staff.receipt("addOrderItem", orderId=draft, productId=product_id, quantity=1)
    await staff.receipt("cancelOrder", orderId=draft, reason="OTHER")
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, customer=customer_id, after=first["cursor"])
        missed = await next_changes(socket, "1", 2)
        assert [(change["version"], change["status"]) for change in missed] == [(2, "DRAFT"), (3, "CANCELLED")]
        assert [change["order"]["status"] for change in missed] == ["CANCELLED", "CANCELLED"]  # as it is now
        placed = (await staff.place_order(customer_id, product_id))["id"]
        assert [change["orderId"] for change in await next_changes(socket, "1", 1)] == [placed]
        await socket.subscribe("2", FOLLOW, customer=customer_id, after=first["cursor"], statuses=["CANCELLED"])
        assert [change["version"] for change in await next_changes(socket, "2", 1)] == [3]


async def test_staff_hear_of_all_and_customers_of_their_own(system: System, staff: Client) -> None:
    mine, theirs, product_id = (
        await staff.register_customer(),
        await staff.register_customer(),
        await staff.add_product(),
    )
    async with system.client(customer_token(mine)) as me, me.socket() as my_socket, staff.socket() as their_socket:
        await my_socket.subscribe("1", FOLLOW)
        await their_socket.subscribe("1", FOLLOW, statuses=["PLACED"])
        await settled(my_socket)
        await settled(their_socket)
        placed = [(await staff.place_order(id, product_id))["id"] for id in (theirs, mine, theirs, mine)]
        heard = [change["orderId"] for change in await next_changes(their_socket, "1", 4)]
        assert sorted(heard) == sorted(placed)
        assert [change["orderId"] for change in await next_changes(my_socket, "1", 2)] == [placed[1], placed[3]]


@pytest.mark.parametrize("role", ["staff", "customer"])
async def test_whoever_asks_for_the_position_before_a_list_misses_nothing_after_it(
    system: System, staff: Client, role: str
) -> None:
    customer_id, product_id = await staff.register_customer(), await staff.add_product()
    async with system.client(customer_token(customer_id)) as me:
        client = staff if role == "staff" else me
        position = (await client.data("{ projection { position } }"))["projection"]["position"]
        placed = (await staff.place_order(customer_id, product_id))["id"]
        async with client.socket() as socket:
            await socket.subscribe("1", FOLLOW, after=position)
            # The position is that of the slowest partition: the others may tell of a little more.
            while (await next_changes(socket, "1", 1))[0]["orderId"] != placed:
                pass


@pytest.mark.parametrize("after", ["x", "", "MDoxLTA"])
async def test_what_is_no_cursor_is_refused(staff: Client, after: str) -> None:
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, after=after)
        message = await socket.receive()
        assert message["type"] == "error"
        assert [error["extensions"]["code"] for error in message["payload"]] == ["BAD_USER_INPUT"]


async def test_others_orders_are_not_followed(system: System, staff: Client) -> None:
    mine, theirs = await staff.register_customer(), await staff.register_customer()
    async with system.client(customer_token(mine)) as me, me.socket() as socket:
        for id, code in ((theirs, "FORBIDDEN"), ("x", "BAD_USER_INPUT"), ("", "BAD_USER_INPUT")):
            await socket.subscribe("1", FOLLOW, customer=id)
            message = await socket.receive()
            assert [error["extensions"]["code"] for error in message["payload"]] == [code]


async def test_a_cursor_older_than_the_feed_has_expired(staff: Client) -> None:
    customer_id = await staff.register_customer()
    cursor = Token(((partition_of(customer_id, 8), BEGINNING),)).encode()
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, customer=customer_id, after=cursor)
        message = await socket.receive()
        assert [error["extensions"]["code"] for error in message["payload"]] == ["CURSOR_EXPIRED"]
