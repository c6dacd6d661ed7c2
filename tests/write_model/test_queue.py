"""Queued commands on a real MongoDB: taken durably, run in their order, each once in effect, whoever runs them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from tests.write_model.examples import place
from tests.write_model.shop import add, check_laws, order, outcomes, register, registration, until
from tests.write_model.specification import STAFF
from write_model.actor import Actor
from write_model.contracts.ids import kind_of
from write_model.customers.update_customer_profile import UpdateCustomerProfile
from write_model.money import MoneyInput
from write_model.mongo.database import JOURNAL, RECEIPTS, Database, Document
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.confirm_order import ConfirmOrder
from write_model.ports import Command, Receipt
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.restock_product import RestockProduct
from write_model.queue.document import QUEUED_COMMANDS
from write_model.queue.queued_command import AlreadySettled, QueuedCommand, Status
from write_model.rejection import IdempotencyKeyReused
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model, system_clock
from write_model.worker.worker import Worker

BATCH = 20
OF_LINE = ["input", "lines", "0", "quantity"]


@pytest.fixture
def worker(write_model: WriteModel, stored: Database) -> Worker:
    return Worker(write_model, stored, holder="one", batch=BATCH)


@pytest.fixture
async def another(settings: RelaySettings) -> AsyncIterator[WriteModel]:
    """The command side of another process, whose clock is fast: no clock of ours may decide anything."""
    async with open_write_model(settings, clock=lambda: system_clock() + timedelta(hours=1)) as write_model:
        yield write_model


async def queue(write_model: WriteModel, command: Command, key: str | None = None, actor: Actor = STAFF) -> str:
    return (await write_model.queue(command, actor, idempotency_key=key)).id


async def the(stored: Database, id: str) -> QueuedCommand:
    document = await stored[QUEUED_COMMANDS.collection].find_one({"_id": id})
    assert document is not None
    return QUEUED_COMMANDS.from_document(document)


async def history(stored: Database, id: str) -> list[Document]:
    """The aggregate's events, in order."""
    return [document async for document in stored[JOURNAL].find({"aggregate_id": id}).sort("version", 1)]


async def work_off(worker: Worker) -> None:
    while await worker.round():
        pass


def price(amount: str) -> MoneyInput:
    return MoneyInput.model_validate({"amount": amount, "currencyCode": "EUR"})


async def test_a_queued_command_waits_and_then_takes_effect(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    customer, tea = await register(write_model), await add(write_model)
    receipt = await write_model.queue(place((tea, 2), customer=customer), STAFF, trace="00-trace")
    assert kind_of(receipt.id) == "cmd"
    assert (receipt.id, receipt.version, receipt.replayed) == (receipt.command_id, 1, False)
    assert await stored["orders"].count_documents({}) == 0
    assert (await the(stored, receipt.id)).status is Status.QUEUED

    assert await worker.round() == 1
    settled = await the(stored, receipt.id)
    assert (settled.status, settled.version, settled.input) == (Status.COMMITTED, 2, {})
    placed = await stored["orders"].find_one({})
    assert placed is not None
    committed = (await history(stored, receipt.id))[-1]
    assert committed["data"] == {"result_id": placed["_id"], "result_version": 1}
    effect = (await history(stored, placed["_id"]))[0]
    assert (effect["command_id"], effect["actor"], effect["trace"]) == (receipt.id, str(STAFF), "00-trace")
    assert await worker.round() == 0
    await check_laws(stored)


@pytest.mark.parametrize("reason", ["decision", "index", "visibility"])
async def test_a_queued_command_that_is_refused_says_why(
    write_model: WriteModel, worker: Worker, stored: Database, reason: str
) -> None:
    ada, tea = await write_model.dispatch(registration("ada@x.org"), STAFF), await add(write_model, stock=1)
    bob = await register(write_model)
    before = len(await history(stored, ada.id) + await history(stored, tea))
    command, actor, code, field = {
        "decision": (place((tea, 2), customer=ada.id), STAFF, "INSUFFICIENT_STOCK", OF_LINE),
        "index": (registration("ADA@x.org"), STAFF, "EMAIL_TAKEN", ["input", "email"]),
        "visibility": (
            UpdateCustomerProfile(customer_id=ada.id, name="Eve"), Actor("customer", bob, bob), "NOT_FOUND", None,
        ),
    }[reason]  # fmt: skip
    innocent = RestockProduct(product_id=tea, quantity=1)
    ids = [await queue(write_model, c, key=f"k{n}", actor=actor) for n, c in enumerate((command, innocent))]
    await work_off(worker)
    rejected = (await history(stored, ids[0]))[-1]
    assert rejected["type"] == "CommandRejected"
    assert [(r["code"], r["field"]) for r in rejected["data"]["refusals"]] == [(code, field)]
    assert (await the(stored, ids[0])).status is Status.REJECTED
    assert (await the(stored, ids[1])).status is Status.COMMITTED, "the others go on"
    assert len(await history(stored, ada.id) + await history(stored, tea)) == before + 1
    await check_laws(stored)


async def test_commands_run_in_the_order_of_their_requests_whoever_takes_and_runs_them(
    write_model: WriteModel, another: WriteModel, stored: Database
) -> None:
    tea = await add(write_model)
    for n in range(1, 3 * BATCH + 1):
        side = (write_model, another)[n % 2]
        await queue(side, ChangeProductPrice(product_id=tea, price=price(f"{n}.00")))
    workers = [Worker(side, stored, holder=str(side), batch=BATCH) for side in (write_model, another)]
    await asyncio.gather(*map(work_off, workers))
    changes = (await history(stored, tea))[1:]
    assert [change["data"]["price"] for change in changes] == [n * 100 for n in range(1, 3 * BATCH + 1)]
    await check_laws(stored)


async def test_a_refused_command_is_not_overtaken_by_the_one_that_would_have_saved_it(
    write_model: WriteModel, another: WriteModel, stored: Database
) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=0)
    ids = []
    for _ in range(10):
        ids.append(await queue(write_model, place((tea, 1), customer=customer)))
        await queue(another, RestockProduct(product_id=tea, quantity=1))
        await queue(another, CancelOrder(order_id="ord_" + "0" * 28, reason="OTHER"))
    workers = [Worker(side, stored, holder=str(side), batch=7) for side in (write_model, another)]
    await asyncio.gather(*map(work_off, workers))
    statuses = [(await the(stored, id)).status for id in ids]
    assert statuses == [Status.REJECTED] + [Status.COMMITTED] * 9
    await check_laws(stored)


async def test_each_takes_effect_once_however_many_workers_run_it(
    write_model: WriteModel, another: WriteModel, stored: Database
) -> None:
    customer, tea = await register(write_model), await add(write_model, stock=60)
    queued = [queue(write_model, place((tea, 1), customer=customer), key=f"k{n}") for n in range(80)]
    ids = await asyncio.gather(*queued)
    workers = [Worker(side, stored, holder=str(n), batch=BATCH) for n, side in enumerate((write_model, another) * 2)]
    await asyncio.gather(*map(work_off, workers))
    statuses = [(await the(stored, id)).status for id in ids]
    assert (statuses.count(Status.COMMITTED), statuses.count(Status.REJECTED)) == (60, 20)
    assert await stored["orders"].count_documents({}) == 60
    await check_laws(stored)


async def test_the_second_to_run_a_command_finds_it_settled(
    write_model: WriteModel, another: WriteModel, stored: Database
) -> None:
    tea = await add(write_model)
    waiting = await the(stored, await queue(write_model, RestockProduct(product_id=tea, quantity=1)))
    refused = await the(stored, await queue(write_model, ConfirmOrder(order_id="ord_" + "0" * 28)))
    for command in (waiting, refused):
        first, second = await outcomes(write_model.run(command), another.run(command))
        assert {type(first), type(second)} == {Receipt, AlreadySettled}
        with pytest.raises(AlreadySettled):
            await another.run(command)
    assert len(await history(stored, tea)) == 2


class TestIdempotencyKeys:
    """A key holds across both ways."""

    async def test_a_repetition_while_it_waits_answers_the_same(
        self, write_model: WriteModel, another: WriteModel, stored: Database
    ) -> None:
        command = registration("ada@x.org")
        first = await write_model.queue(command, STAFF, idempotency_key="k")
        for send in (another.queue, another.dispatch):
            repeated = await send(command, STAFF, idempotency_key="k")
            assert (repeated.id, repeated.committed_at, repeated.replayed) == (first.id, first.committed_at, True)
        assert await stored[QUEUED_COMMANDS.collection].count_documents({}) == 1
        assert await stored["customers"].count_documents({}) == 0
        assert await stored[RECEIPTS].count_documents({"at": {"$exists": True}}) == 0, (
            "no receipt expires while it waits"
        )

    async def test_once_it_took_effect_a_repetition_answers_that(
        self, write_model: WriteModel, worker: Worker, stored: Database
    ) -> None:
        command = registration("ada@x.org")
        first = await write_model.queue(command, STAFF, idempotency_key="k")
        await work_off(worker)
        for send in (write_model.queue, write_model.dispatch):
            repeated = await send(command, STAFF, idempotency_key="k")
            assert (kind_of(repeated.id), repeated.version, repeated.replayed) == ("cus", 1, True)
            assert repeated.command_id == first.command_id
        assert await stored["customers"].count_documents({}) == 1

    async def test_what_was_dispatched_is_not_queued(self, write_model: WriteModel, stored: Database) -> None:
        command = registration("ada@x.org")
        first = await write_model.dispatch(command, STAFF, idempotency_key="k")
        repeated = await write_model.queue(command, STAFF, idempotency_key="k")
        assert (repeated.id, repeated.replayed) == (first.id, True)
        assert await stored[QUEUED_COMMANDS.collection].count_documents({}) == 0

    async def test_a_rejected_command_leaves_its_key(
        self, write_model: WriteModel, worker: Worker, stored: Database
    ) -> None:
        customer, tea = await register(write_model), await add(write_model, stock=0)
        command = place((tea, 1), customer=customer)
        first = await queue(write_model, command, key="k")
        await work_off(worker)
        assert await stored[RECEIPTS].count_documents({}) == 0
        await write_model.dispatch(RestockProduct(product_id=tea, quantity=1), STAFF)
        second = await queue(write_model, command, key="k")
        await work_off(worker)
        assert first != second
        assert (await the(stored, second)).status is Status.COMMITTED

    async def test_a_key_is_free_in_the_very_batch_in_which_its_command_is_rejected(
        self, write_model: WriteModel, worker: Worker, stored: Database
    ) -> None:
        customer, tea = await register(write_model), await add(write_model, stock=0)
        command = place((tea, 1), customer=customer)
        rejected = await the(stored, await queue(write_model, command, key="k"))
        _, again = await asyncio.gather(
            write_model.run(rejected), write_model.queue(command, STAFF, idempotency_key="k")
        )
        assert (again.id != rejected.id, again.replayed) == (True, False)
        await work_off(worker)
        assert await stored[RECEIPTS].count_documents({}) == 0

    @pytest.mark.parametrize("worked_off", [False, True])
    async def test_another_command_with_the_key_is_refused(
        self, write_model: WriteModel, worker: Worker, worked_off: bool
    ) -> None:
        await queue(write_model, registration(), key="k")
        if worked_off:
            await work_off(worker)
        for send in (write_model.queue, write_model.dispatch):
            with pytest.raises(IdempotencyKeyReused):
                await send(registration(), STAFF, idempotency_key="k")

    async def test_both_ways_at_once_are_one_command(
        self, write_model: WriteModel, another: WriteModel, worker: Worker, stored: Database
    ) -> None:
        ways: list[Callable[..., Awaitable[Receipt]]] = [write_model.queue, another.dispatch, another.queue]
        commands = [registration(f"{n}@x.org") for n in range(10)]
        results = await outcomes(
            *(send(command, STAFF, idempotency_key=f"k{n}") for n, command in enumerate(commands) for send in ways)
        )
        assert {type(result) for result in results} == {Receipt}
        await work_off(worker)
        assert await stored["customers"].count_documents({}) == 10
        await check_laws(stored)


async def test_one_works_and_the_next_takes_over(write_model: WriteModel, stored: Database) -> None:
    tea = await add(write_model)

    async def is_worked_off() -> bool:
        return not await stored[QUEUED_COMMANDS.collection].count_documents({"status": "QUEUED"})

    running: list[asyncio.Task[None]] = []
    stops = [asyncio.Event(), asyncio.Event()]
    try:
        for n, stop in enumerate(stops):
            worker = Worker(write_model, stored, holder=str(n), batch=BATCH)
            running.append(asyncio.create_task(worker.run(stop)))
            await queue(write_model, RestockProduct(product_id=tea, quantity=1))
            await until(is_worked_off)
        stops[0].set()
        await running[0]
        await queue(write_model, RestockProduct(product_id=tea, quantity=1))
        await until(is_worked_off)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert len(await history(stored, tea)) == 4


async def test_what_was_ordered_before_is_there_when_it_is_queued(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    customer, tea = await register(write_model), await add(write_model)
    placed = await order(write_model, customer, (tea, 1))
    await queue(write_model, ConfirmOrder(order_id=placed.id, expected_version=1))
    await queue(write_model, CancelOrder(order_id=placed.id, expected_version=2, reason="OTHER"))
    await work_off(worker)
    assert [event["type"] for event in await history(stored, placed.id)][1:] == ["OrderConfirmed", "OrderCancelled"]


async def test_a_queue_that_is_full_takes_no_more_until_a_worker_has_come_by(
    settings: RelaySettings, write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    tea = await add(write_model)
    restock = RestockProduct(product_id=tea, quantity=1)
    async with open_write_model(settings.model_copy(update={"commands_queued": 3})) as bounded:
        results = await outcomes(*(bounded.queue(restock, STAFF) for _ in range(5)))
        assert sorted(type(result).__name__ for result in results) == ["Busy"] * 2 + ["Receipt"] * 3
        await bounded.dispatch(restock, STAFF)  # those that do not wait in it are not its business
        await work_off(worker)

        async def is_taken() -> bool:
            [result] = await outcomes(bounded.queue(restock, STAFF))
            return isinstance(result, Receipt)

        await until(is_taken)
        await work_off(worker)
    assert len(await history(stored, tea)) == 1 + 3 + 1 + 1
