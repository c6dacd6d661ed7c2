"""One trace has the whole way of a command: from the client's span to the subscription that hears of it."""

import secrets

from redis.asyncio import Redis

from projector.generations import Generations
from tests.system import ADDRESS, PLACE_ORDER
from tests.telemetry.conftest import Observed
from tests.telemetry.patience import eventually
from tests.telemetry.receiver import Span

HOPS = {"POST", "placeOrder", "commit", "publish", "project", "deliver"}


def a_trace(*, is_sampled: bool) -> tuple[str, str, str]:
    """A trace, a client's span in it, and the header that names both."""
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    return trace, span, f"00-{trace}-{span}-{'01' if is_sampled else '00'}"


async def place_order_and_hear_of_it(observed: Observed, traceparent: str) -> str:
    """The order's id."""
    async with observed.system.staff as staff, staff.socket() as socket:
        customer, product = await staff.register_customer(), await staff.add_product()
        query = "subscription($of: ID!) { ordersChanged(customerId: $of) { order { id } status } }"
        await socket.subscribe("1", query, of=customer)
        # What is there is told at once: so the subscription is there before the order is.
        await staff.place_order(customer, product)
        await socket.nexts("1", 1)
        lines = [{"productId": product, "quantity": 1}]
        input = {"customerId": customer, "lines": lines, "shippingAddress": ADDRESS}
        body = {"query": PLACE_ORDER, "variables": {"input": input}}
        answer = (await staff.http.post("/graphql", json=body, headers={"traceparent": traceparent})).json()
        id = str(answer["data"]["placeOrder"]["receipt"]["id"])
        [heard] = await socket.nexts("1", 1)
        assert heard["ordersChanged"]["order"]["id"] == id
        return id


async def test_all_hops_of_a_command_are_in_one_trace(observed: Observed) -> None:
    trace, client, traceparent = a_trace(is_sampled=True)
    await place_order_and_hear_of_it(observed, traceparent)

    async def all_there() -> bool:
        return {span.name for span in observed.collector.of(trace)} >= HOPS

    await eventually(all_there)
    spans = observed.collector.of(trace)
    assert {span.name for span in spans} == HOPS

    def one(name: str) -> Span:
        [found] = [span for span in spans if span.name == name]
        return found

    request, command = one("POST"), one("placeOrder")
    assert (request.service, request.parent) == ("orderstream-api", client)
    assert request.attributes["graphql.operation.name"] == "Place"
    assert (command.service, command.parent) == ("orderstream-api", request.id)
    services = {
        "commit": "orderstream-api",
        "publish": "orderstream-relay",
        "project": "orderstream-projector",
        "deliver": "orderstream-api",
    }
    for span in spans:
        if span not in (request, command):
            assert (span.service, span.parent) == (services[span.name], command.id)


async def test_what_its_sender_does_not_sample_nobody_does(observed: Observed) -> None:
    trace, _, traceparent = a_trace(is_sampled=False)
    await place_order_and_hear_of_it(observed, traceparent)
    sampled, _, traceparent = a_trace(is_sampled=True)
    await place_order_and_hear_of_it(observed, traceparent)

    async def later_ones_are_there() -> bool:
        return {span.name for span in observed.collector.of(sampled)} >= HOPS

    await eventually(later_ones_are_there)
    assert observed.collector.of(trace) == []
    assert {span.trace for span in observed.collector.spans if span.name == "project"} >= {sampled}


async def test_a_rebuild_goes_on_with_no_trace_of_what_it_reads(observed: Observed) -> None:
    before, _, traceparent = a_trace(is_sampled=True)
    await place_order_and_hear_of_it(observed, traceparent)

    def projected(trace: str) -> int:
        return len([span for span in observed.collector.of(trace) if span.name == "project"])

    async def is_projected() -> bool:
        return projected(before) > 0

    await eventually(is_projected)
    async with Redis.from_url(observed.system.environment["REDIS_URL"], decode_responses=True) as redis:
        partitions = [Generations(redis, partition) for partition in range(8)]
        asked = [(await partition.ask("rebuild")).generation for partition in partitions]

        async def serve() -> bool:
            shown = [(await partition.state()).shown for partition in partitions]
            return all(it and it.generation == wanted for it, wanted in zip(shown, asked, strict=True))

        spans = projected(before)
        await eventually(serve)
    after, _, traceparent = a_trace(is_sampled=True)
    await place_order_and_hear_of_it(observed, traceparent)  # what came before it is exported before it

    async def later_one_is_there() -> bool:
        return projected(after) > 0

    await eventually(later_one_is_there)
    assert projected(before) == spans
