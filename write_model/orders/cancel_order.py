"""Cancels an order that has not shipped and returns its stock."""

from typing import Final

from write_model.actor import Role
from write_model.contracts.ids import OrderId
from write_model.contracts.orders import CancellationReason
from write_model.orders.document import ORDERS
from write_model.orders.order import cancel
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import release
from write_model.rejection import InvalidInput
from write_model.text import Version

_REASONS: Final[dict[Role, frozenset[CancellationReason]]] = {
    "customer": frozenset({"CUSTOMER_REQUEST", "OTHER"}),
    "staff": frozenset({"CUSTOMER_REQUEST", "PAYMENT_FAILED", "FRAUD", "OTHER"}),
    "system": frozenset({"EXPIRED"}),
}


class CancelOrder(Command):
    order_id: OrderId
    expected_version: Version | None = None
    reason: CancellationReason


async def cancel_order(command: CancelOrder, uow: UnitOfWork) -> str:
    if command.reason not in _REASONS[uow.actor.role]:
        allowed = ", ".join(sorted(_REASONS[uow.actor.role]))
        raise InvalidInput(problem=f"this reason is not yours to give, but {allowed}", field=("input", "reason"))
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    cancelled = cancel(order, reason=command.reason)
    uow.record(ORDERS, order.id, cancelled)
    if cancelled and order.holds_stock:
        products = await uow.load_many(PRODUCTS, [line.product_id for line in order.lines])
        for line in order.lines:
            returned = release(products[line.product_id], order_id=order.id, quantity=line.quantity)
            uow.record(PRODUCTS, line.product_id, returned)
    return order.id
