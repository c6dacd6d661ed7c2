"""Laws over random histories: stock is never negative, nothing is lost, stored state == fold(journal)."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.write_model.examples import ADA, ADDRESS, BOB, POT, TEA, ada, bob, place, pot, tea
from tests.write_model.specification import Happened, History
from write_model.commands import AGGREGATES
from write_model.customers.deactivate_customer import DeactivateCustomer
from write_model.customers.update_customer_profile import UpdateCustomerProfile
from write_model.orders.add_order_item import AddOrderItem
from write_model.orders.address import Address
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.change_order_item_quantity import ChangeOrderItemQuantity
from write_model.orders.confirm_order import ConfirmOrder
from write_model.orders.create_order import CreateOrder
from write_model.orders.deliver_order import DeliverOrder
from write_model.orders.order import Order
from write_model.orders.remove_order_item import RemoveOrderItem
from write_model.orders.ship_order import ShipOrder
from write_model.orders.submit_order import SubmitOrder
from write_model.ports import Command
from write_model.products.discontinue_product import DiscontinueProduct
from write_model.products.product import Product
from write_model.products.restock_product import RestockProduct
from write_model.rejection import Rejection

STOCK = 20
products = st.sampled_from([TEA, POT])
lines = st.lists(st.tuples(products, st.integers(1, 9)), min_size=0, max_size=3)
# An order's command names it by the order of placing; one that is not there yet is not found.
nth = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("place"), st.sampled_from([ADA, BOB]), lines),
    st.tuples(st.just("draft"), st.sampled_from([ADA, BOB])),
    st.tuples(st.just("add"), nth, products, st.integers(1, 9)),
    st.tuples(st.just("set"), nth, products, st.integers(1, 9)),
    st.tuples(st.just("remove"), nth, products),
    st.tuples(st.sampled_from(["submit", "submit", "confirm", "ship", "deliver", "cancel", "cancel"]), nth),
    st.tuples(st.just("rename"), st.sampled_from([ADA, BOB]), st.sampled_from(["A", "B"])),
    st.tuples(st.just("restock"), products, st.integers(1, 5)),
    st.tuples(st.sampled_from(["discontinue"]), products),
    st.tuples(st.just("deactivate"), st.sampled_from([ADA, BOB])),
)


def command_of(step: tuple[object, ...], orders: list[str]) -> Command | None:
    match step:
        case ("place", str(customer), list(wanted)):
            return place(*wanted, customer=customer)
        case ("restock", str(product), int(quantity)):
            return RestockProduct(product_id=product, quantity=quantity)
        case ("draft", str(customer)):
            return CreateOrder(customer_id=customer)
        case ("rename", str(customer), str(name)):
            return UpdateCustomerProfile(customer_id=customer, name=name)
        case ("add", int(index), str(product), int(quantity)) if index < len(orders):
            return AddOrderItem(order_id=orders[index], product_id=product, quantity=quantity)
        case ("set", int(index), str(product), int(quantity)) if index < len(orders):
            return ChangeOrderItemQuantity(order_id=orders[index], product_id=product, quantity=quantity)
        case ("remove", int(index), str(product)) if index < len(orders):
            return RemoveOrderItem(order_id=orders[index], product_id=product)
        case ("discontinue", str(product)):
            return DiscontinueProduct(product_id=product)
        case ("deactivate", str(customer)):
            return DeactivateCustomer(customer_id=customer)
        case (str(verb), int(index)) if index < len(orders):
            order = orders[index]
            commands: dict[str, Command] = {
                "submit": SubmitOrder(order_id=order, shipping_address=Address.model_validate(ADDRESS)),
                "confirm": ConfirmOrder(order_id=order),
                "ship": ShipOrder(order_id=order, carrier="DHL", tracking_number="T"),
                "deliver": DeliverOrder(order_id=order),
                "cancel": CancelOrder(order_id=order, reason="OTHER"),
            }
            return commands[verb]
    return None


async def run(history: History, sequence: list[tuple[object, ...]]) -> None:
    orders: list[str] = []
    for step in sequence:
        command = command_of(step, orders)
        if command is None:
            continue
        try:
            answer, events = await history.decide(command)
        except Rejection:
            continue
        history.add(events)
        if step[0] in ("place", "draft"):
            orders.append(answer)
        elif step[0] not in ("restock", "add"):
            _, again = await history.decide(command)
            assert again == [], "repeating a command says nothing new"


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40))
def test_random_histories_keep_the_laws(sequence: list[tuple[object, ...]]) -> None:
    history = History([*ada, *bob, *tea(STOCK), *pot(STOCK)])
    with asyncio.Runner() as runner:
        runner.run(run(history, sequence))

    held: Counter[str] = Counter()
    for state in history.states.values():
        if isinstance(state, Order):
            assert state.total == sum(line.quantity * line.unit_price for line in state.lines)
            if state.holds_stock:
                held.update({line.product_id: line.quantity for line in state.lines})
    restocked: Counter[str] = Counter()
    for _, id, event in history.events:
        if type(event).__name__ == "ProductRestocked":
            restocked[id] += event.quantity  # type: ignore[attr-defined]
    for id in (TEA, POT):
        product = history.states[id]
        assert isinstance(product, Product)
        assert product.stock >= 0
        assert product.stock + held[id] == STOCK + restocked[id], "every unit is in stock or in one order"

    by_aggregate: dict[str, list[Happened]] = {}
    for entry in history.events:
        by_aggregate.setdefault(entry[1], []).append(entry)
    for id, entries in by_aggregate.items():
        assert history.states[id].version == len(entries)
    for aggregate in AGGREGATES:
        for state in history.states.values():
            if state.id.startswith(aggregate.kind):
                assert aggregate.from_document(aggregate.to_document(state)) == state
