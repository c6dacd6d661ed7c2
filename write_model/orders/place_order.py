"""Places an order: prices are fixed and stock is reserved, all or nothing."""

from typing import Annotated

from pydantic import Field

from write_model.contracts.ids import CustomerId, ProductId, slot_of
from write_model.contracts.orders import Line, ShippingAddress
from write_model.customers.document import CUSTOMERS
from write_model.orders.document import ORDERS
from write_model.orders.order import place
from write_model.ports import Command, UnitOfWork
from write_model.products.document import PRODUCTS
from write_model.products.product import ProductNotFound, reserve
from write_model.text import CountryCode, Label, Name, Quantity


class OrderLine(Command):
    product_id: ProductId
    quantity: Quantity


class Address(Command):
    recipient: Name
    street: Name
    city: Name
    postal_code: Label
    country_code: CountryCode


class PlaceOrder(Command):
    """Lines of the same product count together and become one."""

    customer_id: CustomerId
    lines: Annotated[list[OrderLine], Field(max_length=100)]
    shipping_address: Address


async def place_order(command: PlaceOrder, uow: UnitOfWork) -> str:
    customer = await uow.load(CUSTOMERS, command.customer_id)
    wanted: dict[str, int] = {}
    fields: dict[str, tuple[str, ...]] = {}
    for index, line in enumerate(command.lines):
        wanted[line.product_id] = wanted.get(line.product_id, 0) + line.quantity
        fields.setdefault(line.product_id, ("input", "lines", str(index)))
    products = await uow.load_many(PRODUCTS, wanted)
    for product_id in wanted:
        if product_id not in products:
            raise ProductNotFound(id=product_id, field=(*fields[product_id], "productId"))

    order_id = uow.new_id("ord", slot_of(customer.id))
    lines = [
        Line(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            quantity=wanted[product.id],
            unit_price=product.price,
        )
        for product in (products[product_id] for product_id in wanted)
    ]
    address = ShippingAddress.model_validate(command.shipping_address.model_dump())
    uow.record(ORDERS, order_id, place(customer, lines, currency=uow.currency, shipping_address=address))
    for product_id, quantity in wanted.items():
        reserved = reserve(products[product_id], order_id=order_id, quantity=quantity, field=fields[product_id])
        uow.record(PRODUCTS, product_id, reserved)
    return order_id
