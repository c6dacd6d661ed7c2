"""Every field, argument and enum value of the schema is reached by those who may, and by nobody else.

A part of the schema that the tables in whole_api.py do not come to turns a test red, which names it.
"""

from collections.abc import AsyncIterator, Set
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from websockets import ConnectionClosedError, InvalidStatus

from api.access import ACCESS, Rule, Scope, Who
from api.auth import issue_token
from tests.api.tokens import BAD_TOKENS
from tests.journeys.story import Story
from tests.system import SECRET, Client, customer_token

SCOPES: tuple[Scope, ...] = ("commands", "queries")
REFUSALS = {"UNAUTHENTICATED", "FORBIDDEN"}

# Reached in tests/write_model/test_expiry.py: nobody but the system gives this reason.
ELSEWHERE = {"CancellationReason.EXPIRED"}

# Reached in tests/journeys/test_operations.py, where something is parked.
OF_PARKED_EVENTS = ("ParkedEvent.", "ParkedEventEdge.", "ParkingReceipt.", "ParkingOutcome.")
OF_ONE = {"Query.parkedEvent", "ParkingResult.receipt"}
# While a rebuild is under way, which here is over at once; tests/read_model/test_operations.py sees one.
UNDER_WAY = ("Rebuild.", "Partition.rebuild")
# Nobody sent a traceparent.
UNSAID = {"OrderEvent.trace"}

# A queued command may be settled before anybody has looked; tests/read_model/test_commands.py sees one that waits.
BY_CHANCE = {"CommandStatus.QUEUED"}


def fields_for(*wanted: Who) -> list[tuple[str, str]]:
    return [(root, name) for root, fields in ACCESS.items() for name, rule in fields.items() if rule.who in wanted]


def test_everything_in_the_schema_was_reached(story: Story) -> None:
    # The codes of refusals are met in test_every_error.py.
    left_out = ("UserErrorCode.", *OF_PARKED_EVENTS, *UNDER_WAY)
    unreached = {path for path in story.walk.unreached() if not path.startswith(left_out)}
    assert unreached - ELSEWHERE - BY_CHANCE - OF_ONE - UNSAID == set(), "the tables do not come to these"
    assert ELSEWHERE - unreached == set(), "these were reached after all"


async def codes(story: Story, client: Client, root: str, name: str) -> list[str]:
    """The codes of the errors with which the client is answered who asks what was asked before."""
    document, variables = story.walk.operation(root, name, story.asked[root, name])
    if root != "Subscription":
        return await client.codes(document, **variables)
    try:
        async with client.socket() as socket:
            await socket.subscribe("1", document, **variables)
            message = await socket.receive()
    except InvalidStatus:
        return ["UNAUTHENTICATED"]  # longer than a handshake's header may be
    except ConnectionClosedError as closed:
        return [closed.rcvd.reason.partition(":")[0]] if closed.rcvd and closed.rcvd.code == 4403 else ["CLOSED"]
    return [] if message["type"] == "next" else [error["extensions"]["code"] for error in message["payload"]]


def refusal(rule: Rule, role: str, scopes: Set[str]) -> list[str]:
    """What the table says to such a caller."""
    match rule.who, role:
        case Who.ANYONE, _:
            return []
        case _, "nobody":
            return ["UNAUTHENTICATED"]
        case Who.STAFF, "customer":
            return ["FORBIDDEN"]
    return [] if scopes & rule.scopes else ["FORBIDDEN"]


BOTH = frozenset({"commands", "queries"})


@pytest.mark.parametrize(("root", "name"), fields_for(*Who))
async def test_everyone_is_refused_what_the_table_says(story: Story, root: str, name: str) -> None:
    assert story.ada is not None
    # The last node that was asked for is an order.
    rule = ACCESS[root]["order" if name == "node" else name]
    callers: list[tuple[str, Set[str], str | None]] = [
        ("nobody", frozenset(), None),
        ("customer", BOTH, story.ada.token),
        ("staff", BOTH, story.staff.token),
        *(("staff", {scope}, issue_token(SECRET, "staff", None, 3600, scopes=(scope,))) for scope in SCOPES),
        *(
            ("customer", {scope}, issue_token(SECRET, "customer", story.id("ada"), 3600, scopes=(scope,)))
            for scope in SCOPES
        ),
    ]
    for role, scopes, token in callers:
        async with story.system.client(token) as client:
            said = [code for code in await codes(story, client, root, name) if code in REFUSALS]
            assert said == refusal(rule, role, scopes), (role, scopes)


@pytest.mark.parametrize(("root", "name"), fields_for(*Who))
async def test_nobody_gets_anything_by_a_token_that_is_not_good(story: Story, root: str, name: str) -> None:
    for token in BAD_TOKENS.values():
        async with story.system.client(token) as client:
            assert await codes(story, client, root, name) == ["UNAUTHENTICATED"]


@pytest.fixture(scope="module")
async def stranger(story: Story) -> AsyncIterator[Client]:
    """A customer whose own is nothing of all that happened."""
    async with story.system.client(customer_token(await story.staff.register_customer())) as client:
        yield client


@pytest.mark.parametrize(("root", "name"), fields_for(Who.OWN))
async def test_what_is_a_customers_own_is_not_there_for_another(
    story: Story, stranger: Client, root: str, name: str
) -> None:
    asked = story.asked[root, name]
    match root:
        case "Mutation":
            assert await story.refusal(stranger, name, asked["input"]) == ["NOT_FOUND"]
        case "Query":
            answer = await story.ask(stranger, root, name, asked)
            assert answer is None or answer["totalCount"] == 0
        case _:
            assert await codes(story, stranger, root, name) in (["FORBIDDEN"], ["BAD_USER_INPUT"])


async def test_every_event_says_who_caused_it(story: Story) -> None:
    assert story.ada is not None
    ada, environment = story.id("ada"), story.system.environment
    async with AsyncMongoClient[dict[str, Any]](environment["MONGODB_URL"]) as client:
        journal = client[environment["MONGODB_DATABASE"]]["journal"]
        actors = {event["_id"]: event["actor"] for event in await journal.find({}, {"actor": 1}).to_list()}
    assert set(actors.values()) >= {"staff:staff", f"customer:{ada}"}
    assert all(actor == "staff:staff" or actor.startswith("customer:cus_") for actor in actors.values())
    assert actors[f"{ada}@1"] == "staff:staff"  # who registered her
    assert actors[f"{story.id('basket')}@1"] == f"customer:{ada}"
    version = story.receipts["basket"]["version"]
    assert actors[f"{story.id('basket')}@{version}"] == "staff:staff"  # who delivered it
