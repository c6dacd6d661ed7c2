"""Group commit on a real MongoDB: all or nothing, in arrival order, once per idempotency key, whoever else commits."""

import asyncio
from collections import Counter

import pytest
from pymongo.errors import OperationFailure

from tests.write_model.examples import place
from tests.write_model.shop import add, addition, check_laws, order, outcomes, register, registration, until
from tests.write_model.specification import STAFF
from write_model.actor import Actor
from write_model.contracts.streams import Token, partition_of
from write_model.customers.customer import EmailTaken
from write_model.customers.deactivate_customer import DeactivateCustomer
from write_model.customers.update_customer_profile import UpdateCustomerProfile
from write_model.money import MoneyInput
from write_model.mongo.database import JOURNAL, LEASES, RECEIPTS, Client, Database, database_of, open_client
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.confirm_order import ConfirmOrder
from write_model.orders.order import OrderEmpty
from write_model.ports import Receipt
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.product import InsufficientStock, SkuTaken
from write_model.products.restock_product import RestockProduct
from write_model.rejection import IdempotencyKeyReused, InvalidInput, Rejection, Unavailable, VersionConflict
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model

ROUNDS = 10


def kinds(results: list[Receipt | BaseException]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


async def test_a_receipt_names_what_was_committed(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model)
    receipt = await order(write_model, customer, (tea, 2))
    document = await stored["orders"].find_one({"_id": receipt.id})
    assert document is not None
    assert (document["version"], receipt.version, receipt.replayed) == (1, 1, False)
    token = Token.decode(receipt.token)
    assert token.partitions == tuple(sorted({partition_of(customer, 4), partition_of(tea, 4)}))
    assert await stored[JOURNAL].count_documents({"command_id": receipt.command_id}) == 2
    assert {d["actor"] async for d in stored[JOURNAL].find()} == {"staff:sam"}
    await check_laws(stored)


async def test_a_refused_command_leaves_nothing(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=1)
    before = await check_laws(stored)
    with pytest.raises(InsufficientStock):
        await order(write_model, customer, (tea, 2), key="k")
    assert await check_laws(stored) == before
    assert await stored[RECEIPTS].count_documents({}) == 0
    await order(write_model, customer, (tea, 1), key="k")  # the key is free for the next try


async def test_an_email_address_is_taken_once_whatever_its_case(write_model: WriteModel, stored: Database) -> None:
    results = await outcomes(*(write_model.dispatch(registration(e), STAFF) for e in ("a@x.org", "A@x.org", "b@x.org")))
    assert kinds(results) == {"Receipt": 2, "EmailTaken": 1}
    with pytest.raises(EmailTaken) as taken:
        await write_model.dispatch(registration("B@X.org"), STAFF)
    assert taken.value.field == ("input", "email")
    await check_laws(stored)


async def test_a_taken_address_is_blamed_on_the_command_that_took_it(write_model: WriteModel, stored: Database) -> None:
    await write_model.dispatch(registration("bob@example.com"), STAFF)
    ada = await register(write_model)
    # One batch, behind another command: the address is taken by the first of the two, the second is innocent.
    _, renamed, deactivated = await outcomes(
        write_model.dispatch(registration(), STAFF),
        write_model.dispatch(UpdateCustomerProfile(customer_id=ada, email="BOB@example.com"), STAFF),
        write_model.dispatch(DeactivateCustomer(customer_id=ada), STAFF),
    )
    assert isinstance(renamed, EmailTaken)
    assert isinstance(deactivated, Receipt)
    await check_laws(stored)


async def test_a_sku_is_taken_once(write_model: WriteModel) -> None:
    await write_model.dispatch(addition(sku="TEA"), STAFF)
    with pytest.raises(SkuTaken):
        await write_model.dispatch(addition(sku="tea"), STAFF)


async def test_a_hot_product_is_never_oversold(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=50)
    results = await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(200)))
    assert kinds(results) == {"Receipt": 50, "InsufficientStock": 150}
    # Decided in arrival order: the first fifty got it.
    assert all(isinstance(result, Receipt) for result in results[:50])
    product = await stored["products"].find_one({"_id": tea})
    assert product is not None
    assert (product["stock"], product["version"]) == (0, 51)
    await check_laws(stored)


async def test_processes_that_meet_take_turns(settings: RelaySettings, stored: Database) -> None:
    async with (
        open_write_model(settings) as one,
        open_write_model(settings) as two,
        open_write_model(settings) as three,
    ):
        customer, tea = await register(one), await add(one, stock=150)
        results = await outcomes(*(order(side, customer, (tea, 1)) for _ in range(100) for side in (one, two, three)))
    assert kinds(results) == {"Receipt": 150, "InsufficientStock": 150}
    await check_laws(stored)


async def test_a_repeated_key_answers_the_first_receipt(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model)
    first = await order(write_model, customer, (tea, 1), key="k")
    again = await order(write_model, customer, (tea, 1), key="k")
    assert again.replayed
    assert (again.id, again.version, again.command_id) == (first.id, first.version, first.command_id)
    assert again.committed_at == first.committed_at
    assert Token.decode(again.token).position >= Token.decode(first.token).position
    assert Token.decode(again.token).partitions == Token.decode(first.token).partitions
    assert await stored["orders"].count_documents({}) == 1


async def test_a_key_belongs_to_one_command_and_one_actor(write_model: WriteModel) -> None:
    customer, tea = await register(write_model), await add(write_model)
    await order(write_model, customer, (tea, 1), key="k")
    with pytest.raises(IdempotencyKeyReused):
        await order(write_model, customer, (tea, 2), key="k")
    other = await write_model.dispatch(place((tea, 2), customer=customer), Actor("staff", "eve"), idempotency_key="k")
    assert not other.replayed


async def test_the_same_price_in_other_digits_is_the_same_command(write_model: WriteModel) -> None:
    tea = await add(write_model)
    for amount, replayed in (("19.90", False), ("19.9", True), ("019.900", True)):
        price = MoneyInput.model_validate({"amount": amount, "currencyCode": "EUR"})
        receipt = await write_model.dispatch(
            ChangeProductPrice(product_id=tea, price=price), STAFF, idempotency_key="k"
        )
        assert receipt.replayed == replayed


@pytest.mark.parametrize("key", ["", "x" * 201, "\ud800", "a\nb"])
async def test_a_key_that_cannot_be_kept_is_refused_and_nobody_else(write_model: WriteModel, key: str) -> None:
    refused, *others = await outcomes(
        write_model.dispatch(registration(), STAFF, idempotency_key=key),
        *(write_model.dispatch(registration(), STAFF) for _ in range(3)),
    )
    assert isinstance(refused, InvalidInput)
    assert kinds(others) == {"Receipt": 3}


async def test_identical_requests_in_flight_commit_once(settings: RelaySettings, stored: Database) -> None:
    async with open_write_model(settings) as one, open_write_model(settings) as two:
        customer, tea = await register(one), await add(one)
        results = await outcomes(*(order(side, customer, (tea, 1), key="k") for side in (one, two, one, two)))
    receipts = [result for result in results if isinstance(result, Receipt)]
    assert len(receipts) == 4, results
    assert sorted(receipt.replayed for receipt in receipts) == [False, True, True, True]
    assert len({receipt.id for receipt in receipts}) == 1
    assert await stored["orders"].count_documents({}) == 1
    await check_laws(stored)


async def test_a_command_with_nothing_to_say_has_a_receipt(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model)
    placed = await order(write_model, customer, (tea, 1))
    confirmed = await write_model.dispatch(ConfirmOrder(order_id=placed.id), STAFF)
    again = await write_model.dispatch(ConfirmOrder(order_id=placed.id), STAFF, idempotency_key="k")
    assert (again.version, again.replayed) == (2, False)
    assert Token.decode(again.token).position > Token.decode(confirmed.token).position
    replay = await write_model.dispatch(ConfirmOrder(order_id=placed.id), STAFF, idempotency_key="k")
    assert replay.replayed
    await check_laws(stored)


async def test_one_batch_sees_its_own_decisions(write_model: WriteModel, stored: Database) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=1)
    placed = await order(write_model, customer, (tea, 1))
    # While a commit is in flight these queue up, and are one batch.
    results = await outcomes(
        order(write_model, customer, (tea, 1)),
        write_model.dispatch(CancelOrder(order_id=placed.id, reason="OTHER"), STAFF),
        order(write_model, customer, (tea, 1)),
        write_model.dispatch(ConfirmOrder(order_id=placed.id), STAFF),
        write_model.dispatch(ConfirmOrder(order_id=placed.id, expected_version=1), STAFF),
        order(write_model, customer),
        write_model.dispatch(RestockProduct(product_id=tea, quantity=5), STAFF),
    )
    first, cancelled, second, confirmed, stale, empty, restocked = results
    assert isinstance(first, InsufficientStock)
    assert isinstance(cancelled, Receipt)
    assert isinstance(second, Receipt)
    assert isinstance(confirmed, Rejection)
    assert isinstance(stale, VersionConflict)
    assert isinstance(empty, OrderEmpty)
    assert isinstance(restocked, Receipt)
    product = await stored["products"].find_one({"_id": tea})
    assert product is not None
    assert product["stock"] == 5
    await check_laws(stored)


async def test_who_comes_back_with_the_next_command_finds_the_same_company(
    write_model: WriteModel, stored: Database
) -> None:
    async def come_back(moments: int) -> None:
        for _ in range(ROUNDS):
            await register(write_model)
            for _ in range(moments):
                await asyncio.sleep(0)

    await asyncio.gather(*map(come_back, range(8)))
    # The first of them back would be a transaction of its own, every time, and the others one more.
    assert await stored[JOURNAL].count_documents({"ordinal": 0}) < 1.5 * ROUNDS
    assert await check_laws(stored) == 8 * ROUNDS


async def test_a_transaction_takes_a_bounded_number_of_events(settings: RelaySettings, stored: Database) -> None:
    bounded = settings.model_copy(update={"commit_events": 10})
    async with open_write_model(bounded) as write_model:
        customer, tea = await register(write_model), await add(write_model)
        results = await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(40)))
    assert kinds(results) == {"Receipt": 40}
    ordinals = [document["ordinal"] async for document in stored[JOURNAL].find()]
    assert max(ordinals) < 12
    await check_laws(stored)


async def test_a_transaction_that_a_killed_process_left_open_is_ended(
    write_model: WriteModel, settings: RelaySettings, stored: Database
) -> None:
    tea = await add(write_model)
    dead = open_client(settings)
    session = await dead.start_session()
    session.start_transaction()
    await database_of(dead, settings)["products"].update_one({"_id": tea}, {"$inc": {"stock": -1}}, session=session)

    receipt = await write_model.dispatch(RestockProduct(product_id=tea, quantity=1), STAFF)

    assert receipt.version == 2
    with pytest.raises(OperationFailure) as gone:
        await session.commit_transaction()
    assert gone.value.has_error_label("TransientTransactionError")
    await session.end_session()
    dead.close()
    await check_laws(stored)


async def test_too_many_waiting_are_refused_at_once(settings: RelaySettings) -> None:
    bounded = settings.model_copy(update={"commands_waiting": 5})
    async with open_write_model(bounded) as write_model:
        customer, tea = await register(write_model), await add(write_model)
        results = await outcomes(*(order(write_model, customer, (tea, 1)) for _ in range(20)))
        assert kinds(results) == {"Receipt": 5, "Busy": 15}


async def test_a_stopping_command_side_finishes_what_it_took(settings: RelaySettings, stored: Database) -> None:
    async with open_write_model(settings) as write_model:
        customer, tea = await register(write_model), await add(write_model)
        taken = [asyncio.ensure_future(order(write_model, customer, (tea, 1))) for _ in range(20)]
        await asyncio.sleep(0)
    assert kinds(await outcomes(*taken)) == {"Receipt": 20}
    assert await stored["orders"].count_documents({}) == 20


async def test_a_stopped_command_side_says_so(settings: RelaySettings) -> None:
    async with open_write_model(settings) as write_model:
        pass
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable):
            await write_model.dispatch(registration(), STAFF)


async def test_an_idle_process_keeps_no_turn(write_model: WriteModel, stored: Database, client: Client) -> None:
    async def is_taken() -> bool:
        return await stored[LEASES].find_one({"_id": "commit-gate"}) is not None

    async def is_free() -> bool:
        return not await is_taken()

    tea = await add(write_model)
    async with await client.start_session() as session:
        session.start_transaction()
        await stored["products"].update_one({"_id": tea}, {"$inc": {"stock": -1}}, session=session)
        waiting = asyncio.create_task(write_model.dispatch(RestockProduct(product_id=tea, quantity=1), STAFF))
        await until(is_taken)
        await session.abort_transaction()
        await waiting
    async with asyncio.timeout(5):
        await until(is_free)


async def test_a_missing_index_is_seen(write_model: WriteModel, stored: Database) -> None:
    await write_model.check()
    await stored["customers"].drop_index("email")
    with pytest.raises(Unavailable, match=r"customers\.email"):
        await write_model.check()
