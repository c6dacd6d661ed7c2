"""Hands a confirmed order to a carrier."""

from write_model.contracts.ids import OrderId
from write_model.orders.document import ORDERS
from write_model.orders.order import Shipment, ship
from write_model.ports import Command, UnitOfWork
from write_model.text import Label, Version


class ShipOrder(Command):
    order_id: OrderId
    expected_version: Version | None = None
    carrier: Label
    tracking_number: Label


async def ship_order(command: ShipOrder, uow: UnitOfWork) -> str:
    order = await uow.load(ORDERS, command.order_id, expected_version=command.expected_version)
    shipment = Shipment(command.carrier, command.tracking_number)
    uow.record(ORDERS, order.id, ship(order, shipment=shipment))
    return order.id
