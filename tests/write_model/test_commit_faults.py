"""A MongoDB that fails in the middle: whatever the commit's fate, a command has one effect, and its answer is true."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from tests.write_model.conftest import Failing
from tests.write_model.shop import add, check_laws, order, outcomes, register, registration
from tests.write_model.specification import STAFF
from write_model.mongo.database import JOURNAL, Client, Database
from write_model.mongo.orphans import end_orphans
from write_model.ports import Receipt
from write_model.products.restock_product import RestockProduct
from write_model.rejection import TooManyConflicts, Unavailable
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model

WRITE_CONCERN_FAILED, NOT_PRIMARY, NO_SUCH_TRANSACTION, INTERRUPTED, NOT_ALLOWED = 64, 10107, 251, 11601, 8000


@pytest.fixture
def mongodb_url(failing: Failing) -> str:
    return failing.url


async def restock(write_model: WriteModel, product: str, key: str | None = None) -> Receipt:
    return await write_model.dispatch(RestockProduct(product_id=product, quantity=1), STAFF, idempotency_key=key)


@pytest.mark.parametrize(
    ("times", "how"),
    [
        (2, {"closeConnection": True}),
        (3, {"errorCode": NOT_PRIMARY}),
        (3, {"writeConcernError": {"code": WRITE_CONCERN_FAILED, "errmsg": "no majority in time"}}),
        (1, {"writeConcernError": {"code": INTERRUPTED, "errmsg": "killed while it waited for the majority"}}),
        (1, {"errorCode": INTERRUPTED}),
    ],
)
async def test_a_commit_in_doubt_is_retried_until_it_is_known(
    write_model: WriteModel, stored: Database, failing: Failing, times: int, how: dict[str, Any]
) -> None:
    tea = await add(write_model)
    with failing.fails("commitTransaction", times=times, **how):
        receipt = await restock(write_model, tea)
    assert receipt.version == 2
    assert await stored[JOURNAL].count_documents({"aggregate_id": tea}) == 2
    await check_laws(stored)


async def test_a_transaction_that_is_gone_at_the_commit_is_decided_again(
    write_model: WriteModel, stored: Database, failing: Failing
) -> None:
    tea = await add(write_model)
    with failing.fails("commitTransaction", errorCode=NO_SUCH_TRANSACTION):
        assert (await restock(write_model, tea)).version == 2
    await check_laws(stored)


async def test_what_cannot_be_queued_for_the_conflicts_of_others_is_not_refused(
    settings: RelaySettings, stored: Database, failing: Failing
) -> None:
    """A refusal would let what the same request sends behind it into the queue before it."""
    async with open_write_model(settings.model_copy(update={"command_timeout_seconds": 0.1})) as write_model:
        tea = await add(write_model)
        with failing.fails("commitTransaction", times=10_000, errorCode=NO_SUCH_TRANSACTION):
            with pytest.raises(TooManyConflicts):
                await restock(write_model, tea)
            with pytest.raises(Unavailable):
                await write_model.queue(RestockProduct(product_id=tea, quantity=1), STAFF)
    assert await stored[JOURNAL].count_documents({}) == 1


@pytest.mark.parametrize("command", ["find", "update", "insert"])
@pytest.mark.parametrize("how", [{"closeConnection": True}, {"errorCode": NOT_PRIMARY}])
async def test_a_connection_lost_before_the_commit_is_nobodys_trouble(
    write_model: WriteModel, stored: Database, failing: Failing, command: str, how: dict[str, Any]
) -> None:
    tea = await add(write_model)
    with failing.fails(command, **how):
        assert (await restock(write_model, tea)).version == 2
    await check_laws(stored)


async def test_an_error_that_no_retry_mends_is_said(
    write_model: WriteModel, stored: Database, failing: Failing
) -> None:
    tea = await add(write_model)
    with (
        failing.fails("update", writeConcernError={"code": WRITE_CONCERN_FAILED, "errmsg": "no majority"}),
        pytest.raises(Unavailable),
    ):
        await restock(write_model, tea)
    assert (await restock(write_model, tea)).version == 2
    await check_laws(stored)


async def test_a_command_is_not_refused_for_what_it_did_itself(
    settings: RelaySettings, stored: Database, failing: Failing
) -> None:
    """It was sent to two processes; the second reads its receipts before, and its states after the first commits."""
    async with open_write_model(settings) as first, open_write_model(settings) as second:
        customer, tea = await register(first), await add(first, stock=1)
        late: dict[str, Any] = {"namespace": f"{stored.name}.products", "blockConnection": True, "blockTimeMS": 300}
        with failing.fails("find", **late):
            delayed = asyncio.create_task(order(second, customer, (tea, 1), key="k"))
            await asyncio.sleep(0.05)
            receipt = await order(first, customer, (tea, 1), key="k")
            again = await delayed
    assert (again.id, again.replayed) == (receipt.id, True)
    await check_laws(stored)


async def test_what_a_command_finds_taken_by_itself_is_not_taken(
    settings: RelaySettings, stored: Database, failing: Failing
) -> None:
    """It was sent to two processes; the second comes to insert when the first has."""
    async with open_write_model(settings) as first, open_write_model(settings) as second:
        late: dict[str, Any] = {"namespace": f"{stored.name}.customers", "blockConnection": True, "blockTimeMS": 300}
        with failing.fails("insert", **late):
            command = registration()
            delayed = asyncio.create_task(second.dispatch(command, STAFF, idempotency_key="k"))
            await asyncio.sleep(0.05)
            receipt = await first.dispatch(command, STAFF, idempotency_key="k")
            again = await delayed
    assert (again.id, again.replayed) == (receipt.id, True)
    await check_laws(stored)


async def test_where_orphans_may_not_be_looked_for_none_are_ended(client: Client, failing: Failing) -> None:
    with failing.fails("aggregate", errorCode=NOT_ALLOWED):
        assert await end_orphans(client) == 0


async def test_decisions_rest_on_the_primary_whatever_the_url_says(
    settings: RelaySettings, stored: Database, mongodb_url: str
) -> None:
    url = f"{mongodb_url}&readPreference=secondary"  # and there is none
    async with open_write_model(settings.model_copy(update={"mongodb_url": SecretStr(url)})) as write_model:
        customer, tea = await register(write_model), await add(write_model)
        results = await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(3)))
    assert all(isinstance(result, Receipt) for result in results), results
