"""graphql-transport-ws: what operations answer, and how a connection ends that breaks the protocol."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.system import ANSWER_SECONDS, Client, System

FOLLOW = "subscription($id: ID!, $after: Int) { orderStatusChanged(orderId: $id, afterVersion: $after) { version } }"


async def close_of(system: System, *messages: str | bytes, protocol: str = "graphql-transport-ws") -> int:
    """The code with which the server closes after these messages."""
    url = system.url.replace("http:", "ws:") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol(protocol)], proxy=None) as connection:
        try:
            for message in messages:
                await connection.send(message)
            async with asyncio.timeout(ANSWER_SECONDS):
                async for _ in connection:
                    pass
        except ConnectionClosed:
            pass
        assert connection.close_code is not None
        return connection.close_code


INIT = '{"type": "connection_init"}'


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "null",
        "[" * 100_000,
        b"{}",
        "{}",
        '{"type": 1}',
        json.dumps({"type": "\u0800" * 60}),
        '{"type": "start", "id": "1"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": []}}',
        '{"type": "complete"}',
        '{"type": "connection_init", "payload": []}',
    ],
)
async def test_what_is_no_message_of_the_protocol_ends_the_connection(system: System, message: str | bytes) -> None:
    code = await close_of(system, *([] if "connection_init" in str(message) else [INIT]), message)
    assert code == 4400


async def test_nothing_runs_before_the_connection_is_initialised(system: System) -> None:
    subscribe = {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}
    assert await close_of(system, json.dumps(subscribe)) == 4401


async def test_a_message_that_is_too_long_ends_the_connection(system: System) -> None:
    assert await close_of(system, INIT, " " * 2_000_000) == 1009


async def test_the_legacy_protocol_is_not_spoken(system: System) -> None:
    assert await close_of(system, protocol="graphql-ws") == 4406


async def test_a_page_from_elsewhere_may_not_connect(system: System) -> None:
    url = system.url.replace("http:", "ws:") + "/graphql"
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, origin=Origin("https://elsewhere.example"), proxy=None):
            pass
    assert refused.value.response.status_code == 403


async def test_a_handshake_that_is_wrong_is_refused(nobody: Client) -> None:
    headers = {"connection": "upgrade", "upgrade": "websocket"}
    assert (await nobody.http.get("/graphql", headers=headers)).status_code == 400


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("subscription {", {}, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { __typename }", {}, "BAD_USER_INPUT"),
        (FOLLOW, {}, "BAD_USER_INPUT"),
        (FOLLOW, {"id": ""}, "BAD_USER_INPUT"),
        (FOLLOW, {"id": "ord_" + "0" * 28}, "BAD_USER_INPUT"),
        (FOLLOW, {"id": "cus_" + "0" * 28}, "BAD_USER_INPUT"),
        (FOLLOW, {"id": "ord_" + "0" * 28, "after": 2**31}, "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_is_wrong_ends_alone(
    staff: Client, query: str, variables: dict[str, Any], code: str
) -> None:
    async with staff.socket() as socket:
        await socket.subscribe("1", query, **variables)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "1")
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}
        await socket.subscribe("1", "{ __typename }")
        assert await socket.nexts("1", 1) == [{"__typename": "Query"}]
        assert await socket.receive() == {"type": "complete", "id": "1"}


async def test_a_completed_subscription_says_nothing_more(staff: Client) -> None:
    order = await staff.place_order(await staff.register_customer(), await staff.add_product())
    async with staff.socket() as socket:
        await socket.subscribe("1", FOLLOW, id=order["id"], after=0)
        await socket.nexts("1", 1)
        await socket.send(type="complete", id="1")
        await staff.receipt("confirmOrder", orderId=order["id"])
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}


async def test_a_connection_runs_as_many_operations_as_it_may(staff: Client) -> None:
    order = await staff.place_order(await staff.register_customer(), await staff.add_product())
    async with staff.socket() as socket:
        for number in range(100):
            await socket.subscribe(str(number), FOLLOW, id=order["id"])
        await socket.subscribe("one more", FOLLOW, id=order["id"])
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "one more")
        assert message["payload"][0]["extensions"]["code"] == "THROTTLED"


async def test_a_handshake_that_cannot_be_read_is_answered(system: System) -> None:
    address = system.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(address[0], int(address[1]))
    try:
        head = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        writer.write(f"{head}authorization: Bearer {'x' * 10_000}\r\n\r\n".encode())
        async with asyncio.timeout(20):
            answer = (await reader.read()).decode()
    finally:
        writer.close()
    assert answer.startswith("HTTP/1.1 400 ")
    assert json.loads(answer.partition("\r\n\r\n")[2])["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "no more than 8192 bytes" in answer
