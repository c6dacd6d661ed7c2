"""The queue among faults: something in it is damaged, workers come and go, others change the same things meanwhile."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from bson.int64 import Int64
from bson.timestamp import Timestamp

from tests.write_model.examples import place
from tests.write_model.shop import add, addition, check_laws, outcomes, register, until
from tests.write_model.specification import STAFF
from tests.write_model.test_queue import history, price, queue, the, work_off
from write_model.contracts.commands import CommandRejected
from write_model.money import MoneyInput
from write_model.mongo import journal
from write_model.mongo.database import RECEIPTS, Database, Document
from write_model.ports import Receipt
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.restock_product import RestockProduct
from write_model.queue.document import QUEUED_COMMANDS
from write_model.queue.queued_command import Status
from write_model.rejection import Rejection, TooManyConflicts, Unavailable
from write_model.settings import RelaySettings
from write_model.startup import WriteModel, open_write_model
from write_model.worker.worker import Worker

SENDERS, COMMANDS = 3, 8


@pytest.fixture
def worker(write_model: WriteModel, stored: Database) -> Worker:
    return Worker(write_model, stored, holder="one", batch=20)


@pytest.mark.parametrize("damage", [{"name": "beTheFuture"}, {"status": "PAUSED"}, {"sender": {"role": "robot"}}])
async def test_a_command_on_which_the_program_fails_stays_and_holds_up_nobody(
    write_model: WriteModel, worker: Worker, stored: Database, damage: Document
) -> None:
    tea = await add(write_model)
    id = await queue(write_model, RestockProduct(product_id=tea, quantity=1))
    await stored[QUEUED_COMMANDS.collection].update_one({"_id": id}, {"$set": damage})
    await queue(write_model, RestockProduct(product_id=tea, quantity=2))
    await work_off(worker)
    assert await stored[QUEUED_COMMANDS.collection].count_documents({"_id": id, "queued": {"$exists": True}}) == 1
    assert [event["data"].get("quantity") for event in await history(stored, tea)][1:] == [2]


async def test_an_aggregate_that_cannot_be_read_holds_up_its_own_commands_only(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    customer, tea, pot = await register(write_model), await add(write_model), await add(write_model)
    await stored["products"].update_one({"_id": pot}, {"$set": {"status": "HAUNTED"}})
    damaged = [await queue(write_model, place((tea, 1), (pot, 1), customer=customer))]
    sound = [await queue(write_model, place((tea, 1), customer=customer))]
    damaged.append(await queue(write_model, RestockProduct(product_id=pot, quantity=1)))
    sound.append(await queue(write_model, RestockProduct(product_id=tea, quantity=1)))
    await work_off(worker)
    assert [(await the(stored, id)).status for id in sound] == [Status.COMMITTED] * 2
    assert [(await the(stored, id)).status for id in damaged] == [Status.QUEUED] * 2


async def test_a_command_that_fails_the_whole_transaction_is_put_aside_alone(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    tea, pot = await add(write_model), await add(write_model)
    await stored["products"].update_one({"_id": pot}, {"$set": {"version": Int64(2**63 - 1)}})
    await queue(write_model, RestockProduct(product_id=tea, quantity=1))
    overflowing = await queue(write_model, RestockProduct(product_id=pot, quantity=1))
    await queue(write_model, RestockProduct(product_id=tea, quantity=2))
    assert await worker.round() == 3
    assert (await the(stored, overflowing)).status is Status.QUEUED
    assert [event["data"].get("quantity") for event in await history(stored, tea)][1:] == [1, 2]


async def test_a_command_whose_rules_have_changed_since_is_rejected_with_them(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    tea = await add(write_model)
    id = await queue(write_model, RestockProduct(product_id=tea, quantity=1))
    await stored[QUEUED_COMMANDS.collection].update_one({"_id": id}, {"$set": {"input.quantity": 0}})
    await work_off(worker)
    rejected = journal.from_document((await history(stored, id))[-1]).event
    assert isinstance(rejected, CommandRejected)
    assert [(r.code, r.field) for r in rejected.refusals] == [("INVALID_INPUT", ("input", "quantity"))]


async def test_a_queue_that_is_not_worked_off_refuses_nothing(write_model: WriteModel, stored: Database) -> None:
    results = await outcomes(*(write_model.queue(addition(), STAFF) for _ in range(500)))
    assert not [result for result in results if isinstance(result, Rejection)]
    turns = [document["queued"] async for document in stored[QUEUED_COMMANDS.collection].find()]
    assert len(set(turns)) == 500, "everyone has a turn of their own"
    assert await order_of(stored) == [result.id for result in results if isinstance(result, Receipt)]


async def order_of(stored: Database) -> list[str]:
    return [document["_id"] async for document in stored[QUEUED_COMMANDS.collection].find().sort("queued", 1)]


async def test_a_long_queue_is_read_from_its_front_only(
    write_model: WriteModel, worker: Worker, stored: Database
) -> None:
    """Whatever is settled, whatever waits behind, and with something that was put aside."""
    tea, commands = await add(write_model), stored[QUEUED_COMMANDS.collection]
    damaged = await queue(write_model, RestockProduct(product_id=tea, quantity=1))
    await commands.update_one({"_id": damaged}, {"$set": {"name": "beTheFuture"}})
    await asyncio.gather(*(queue(write_model, RestockProduct(product_id=tea, quantity=1)) for _ in range(20)))
    assert await worker.round() == 20
    pattern = await commands.find_one({"_id": damaged})
    assert pattern is not None
    for status, turns in (("COMMITTED", None), ("QUEUED", pattern["queued"])):
        rest = {key: value for key, value in pattern.items() if key not in ("_id", "queued")} | {"status": status}
        later = [{"queued": Timestamp(turns.time + 3_600, n)} if turns else {} for n in range(1, 5_001)]
        await commands.insert_many([{"_id": f"{status}{n}", **rest, **turn} for n, turn in enumerate(later)])
    await stored.command("profile", 2)
    assert await worker.round() == 20
    await stored.command("profile", 0)
    found = await stored["system.profile"].find_one({"ns": commands.full_name, "command.sort": {"$exists": True}})
    assert found is not None
    assert found["command"]["readConcern"]["level"] == "snapshot", "of two commands never the later one alone"
    assert found["planSummary"] == "IXSCAN { queued: 1 }"
    assert found["docsExamined"] <= 22


@pytest.mark.parametrize(("events", "batch"), [(3, 256), (7, 5)])
async def test_order_holds_while_workers_come_and_go_and_others_change_the_same(
    write_model: WriteModel, settings: RelaySettings, stored: Database, events: int, batch: int
) -> None:
    """A round is many transactions here, and most of them meet those of another process."""
    narrow = settings.model_copy(update={"commit_events": events, "commit_batch": batch})
    customer, hot = await register(write_model), await add(write_model)
    products = [await add(write_model) for _ in range(SENDERS)]
    prices = {n: price(f"{n}.00") for n in range(1, COMMANDS + 1) if n % 5}
    taken: dict[str, list[str]] = {product: [] for product in products}
    choose = random.Random(events)

    async def send(product: str) -> None:
        for n in range(1, COMMANDS + 1):
            dollars = MoneyInput.model_validate({"amount": "1.00", "currencyCode": "USD"})
            command = ChangeProductPrice(product_id=product, price=prices.get(n, dollars))
            taken[product].append(await queue(write_model, command, key=f"{product}-{n}"))
            if n in prices:
                ways: tuple[Callable[..., Awaitable[Receipt]], ...] = (write_model.queue, write_model.dispatch)
                again = await choose.choice(ways)(command, STAFF, idempotency_key=f"{product}-{n}")
                assert again.command_id == taken[product][-1]
            await queue(write_model, place((hot, 1), (product, 1), customer=customer))

    async def restock() -> None:
        while True:
            await write_model.dispatch(RestockProduct(product_id=hot, quantity=1), STAFF)

    async def work() -> None:
        """One process after another; each finishes what it has begun beside its successor."""
        while True:
            async with open_write_model(narrow) as side:
                worker = Worker(side, stored, holder="", batch=batch)
                with suppress(TimeoutError, Unavailable, TooManyConflicts):
                    async with asyncio.timeout(choose.random()):
                        while True:
                            await worker.round()

    async def is_worked_off() -> bool:
        return not await stored[QUEUED_COMMANDS.collection].count_documents({"status": "QUEUED"})

    others = [asyncio.create_task(other()) for other in (restock, work, work)]
    try:
        await asyncio.gather(*map(send, products))
        await until(is_worked_off)
    finally:
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    for product in products:
        statuses = [(await the(stored, id)).status for id in taken[product]]
        assert statuses == [Status.COMMITTED if n in prices else Status.REJECTED for n in range(1, COMMANDS + 1)]
        changes = [event for event in await history(stored, product) if event["type"] == "ProductPriceChanged"]
        assert [change["data"]["price"] for change in changes] == [n * 100 for n in prices]
    assert await stored["orders"].count_documents({}) == SENDERS * COMMANDS
    assert await stored[RECEIPTS].count_documents({"queued_at": {"$exists": True}}) == 0, "no ticket is left"
    await check_laws(stored)
