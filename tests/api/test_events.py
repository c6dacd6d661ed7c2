"""Subscriptions as server-sent events: the same answers as over WebSocket, over plain HTTP."""

import pytest

from tests.system import Client

FOLLOW = """
subscription Follow($id: ID!, $after: Int) {
  orderStatusChanged(orderId: $id, afterVersion: $after) { version status }
}
"""


async def test_a_subscription_streams_over_http(staff: Client) -> None:
    customer, product = await staff.register_customer(), await staff.add_product()
    order = (await staff.place_order(customer, product))["id"]
    stream = staff.events(FOLLOW, id=order, after=0)
    assert await anext(stream) == ("next", {"data": {"orderStatusChanged": {"version": 1, "status": "PLACED"}}})
    await staff.receipt("confirmOrder", orderId=order)
    assert await anext(stream) == ("next", {"data": {"orderStatusChanged": {"version": 2, "status": "CONFIRMED"}}})
    await stream.aclose()


async def test_a_query_streams_its_one_answer(staff: Client) -> None:
    found = [event async for event in staff.events("{ projection { parkedEvents } }")]
    answer = {"data": {"projection": {"parkedEvents": 0}}, "extensions": {"cost": {"requested": 1}}}
    assert found == [("next", answer), ("complete", None)]


async def test_faults_are_said_in_the_stream(staff: Client, nobody: Client) -> None:
    for client, query, code in (
        (staff, "{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (staff, 'subscription { orderStatusChanged(orderId: "x") { version } }', "BAD_USER_INPUT"),
        (nobody, FOLLOW, "UNAUTHENTICATED"),
    ):
        found = [event async for event in client.events(query, id="ord_" + "0" * 28)]
        assert [name for name, _ in found] == ["next", "complete"]
        assert [error["extensions"]["code"] for error in found[0][1]["errors"]] == [code]


async def test_plain_http_does_not_subscribe(staff: Client) -> None:
    assert await staff.codes(FOLLOW, id="ord_" + "0" * 28) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream;q=0.9", True),
        ("text/event-stream, multipart/mixed", True),
        ("text/event-stream, */*;q=0.1", True),
        ("application/json;q=0.5, text/event-stream", True),
        # urql's queries.
        ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", False),
        ("text/event-stream;q=0.5, application/json", False),
        ("text/event-stream;q=0, */*", False),
        ("text/event-stream;q=some", False),
        ("*/*", False),
    ],
)
async def test_who_would_rather_have_json_gets_it(staff: Client, accept: str, is_stream: bool) -> None:
    answer = await staff.http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": accept})
    assert answer.headers["content-type"].startswith("text/event-stream") == is_stream


async def test_lines_of_events_end_as_all_parsers_want(staff: Client) -> None:
    headers = {"accept": "text/event-stream"}
    answer = await staff.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
    data = b'{"data":{"__typename":"Query"},"extensions":{"cost":{"requested":0}}}'
    assert answer.content == b"event: next\ndata: %b\n\nevent: complete\ndata: \n\n" % data
