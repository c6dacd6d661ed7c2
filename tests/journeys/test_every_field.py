"""Every field, argument and enum value of the schema is reached by those who may, and by nobody else.

A part of the schema that the tables in whole_api.py do not come to turns a test red, which names it.
"""

from collections.abc import AsyncIterator

import pytest

from api.auth import ACCESS, Access
from tests.journeys.story import Story
from tests.system import Client, customer_token

# Reached in tests/write_model/test_expiry.py: nobody but the system gives this reason.
ELSEWHERE = {"CancellationReason.EXPIRED"}

# A queued command may be settled before anybody has looked; tests/read_model/test_commands.py sees one that waits.
BY_CHANCE = {"CommandStatus.QUEUED"}


def fields_for(*wanted: Access) -> list[tuple[str, str]]:
    return [(root, name) for root, fields in ACCESS.items() for name, access in fields.items() if access in wanted]


def test_everything_in_the_schema_was_reached(story: Story) -> None:
    # The codes of refusals are met in test_every_error.py.
    unreached = {path for path in story.walk.unreached() if not path.startswith("UserErrorCode.")}
    assert unreached - ELSEWHERE - BY_CHANCE == set(), "the tables do not come to these"
    assert ELSEWHERE - unreached == set(), "these were reached after all"


async def codes(story: Story, client: Client, root: str, name: str) -> list[str]:
    """The codes of the errors with which the client is answered who asks what was asked before."""
    document, variables = story.walk.operation(root, name, story.asked[root, name])
    if root != "Subscription":
        return await client.codes(document, **variables)
    async with client.socket() as socket:
        await socket.subscribe("1", document, **variables)
        message = await socket.receive()
        assert message["type"] == "error", message
        return [error["extensions"]["code"] for error in message["payload"]]


@pytest.mark.parametrize(("root", "name"), fields_for(*Access))
async def test_nobody_may_do_anything(story: Story, root: str, name: str) -> None:
    async with story.system.client(None) as nobody:
        assert await codes(story, nobody, root, name) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(("root", "name"), fields_for(Access.STAFF))
async def test_what_is_for_staff_is_refused_to_customers(story: Story, root: str, name: str) -> None:
    assert story.ada is not None
    assert await codes(story, story.ada, root, name) == ["FORBIDDEN"]


@pytest.fixture(scope="module")
async def stranger(story: Story) -> AsyncIterator[Client]:
    """A customer whose own is nothing of all that happened."""
    async with story.system.client(customer_token(await story.staff.register_customer())) as client:
        yield client


@pytest.mark.parametrize(("root", "name"), fields_for(Access.OWN))
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
