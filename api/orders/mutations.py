"""Commands on orders."""

import strawberry
from strawberry import UNSET

from api.arguments import IdempotencyKey, Input
from api.context import Info
from api.fields import expected_version, mutation
from api.orders.types import CancellationReason
from api.receipts import CommandResult, answer
from write_model.orders.add_order_item import AddOrderItem
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.change_order_item_quantity import ChangeOrderItemQuantity
from write_model.orders.confirm_order import ConfirmOrder
from write_model.orders.create_order import CreateOrder
from write_model.orders.deliver_order import DeliverOrder
from write_model.orders.place_order import PlaceOrder
from write_model.orders.remove_order_item import RemoveOrderItem
from write_model.orders.ship_order import ShipOrder
from write_model.orders.submit_order import SubmitOrder


@strawberry.input(description="Units of one product. Several lines of the same product become one.")
class OrderLineInput:
    product_id: strawberry.ID = strawberry.field(description="The product.")
    quantity: int = strawberry.field(description="Units, 1 to 10,000; of one product in all lines together, too.")


@strawberry.input(description="Where an order goes.")
class AddressInput:
    recipient: str = strawberry.field(description="Who receives it, 1 to 200 characters.")
    street: str = strawberry.field(description="Street and house number, 1 to 200 characters.")
    city: str = strawberry.field(description="The town, 1 to 200 characters.")
    postal_code: str = strawberry.field(description="The postal code, 1 to 100 characters, in the country's own form.")
    country_code: str = strawberry.field(description='ISO 3166-1 alpha-2, e.g. "DE".')


@strawberry.input(description="The new order.")
class PlaceOrderInput:
    customer_id: strawberry.ID = strawberry.field(description="Who orders. Customers order for themselves only.")
    lines: list[OrderLineInput] = strawberry.field(
        description="What is ordered, 1 to 100 lines, at the prices of the moment."
    )
    shipping_address: AddressInput = strawberry.field(description="Where it goes.")


@strawberry.input(description="The new basket.")
class CreateOrderInput:
    customer_id: strawberry.ID = strawberry.field(description="Whose basket it is. Customers open their own only.")


@strawberry.input(description="What is put into a basket.")
class AddOrderItemInput:
    order_id: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int | None = expected_version()
    product_id: strawberry.ID = strawberry.field(description="The product.")
    quantity: int = strawberry.field(
        description="Units to add to those that the draft has, which may come to 10,000 of a product."
    )


@strawberry.input(description="How many units of a product a basket has.")
class ChangeOrderItemQuantityInput:
    order_id: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int | None = expected_version()
    product_id: strawberry.ID = strawberry.field(description="A product that the draft has.")
    quantity: int = strawberry.field(description="Units that it has then, 1 to 10,000.")


@strawberry.input(description="What is taken out of a basket.")
class RemoveOrderItemInput:
    order_id: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int | None = expected_version()
    product_id: strawberry.ID = strawberry.field(description="The product; one that is not there is removed already.")


@strawberry.input(description="The basket that becomes an order.")
class SubmitOrderInput:
    order_id: strawberry.ID = strawberry.field(description="The draft.")
    expected_version: int | None = expected_version()
    shipping_address: AddressInput = strawberry.field(description="Where the order goes.")


@strawberry.input(description="Which order is confirmed.")
class ConfirmOrderInput:
    order_id: strawberry.ID = strawberry.field(description="An order that is PLACED.")
    expected_version: int | None = expected_version()


@strawberry.input(description="How an order travels.")
class ShipOrderInput:
    order_id: strawberry.ID = strawberry.field(description="An order that is CONFIRMED.")
    expected_version: int | None = expected_version()
    carrier: str = strawberry.field(description="Who carries it, 1 to 100 characters.")
    tracking_number: str = strawberry.field(description="The carrier's number to follow it by, 1 to 100 characters.")


@strawberry.input(description="Which order has arrived.")
class DeliverOrderInput:
    order_id: strawberry.ID = strawberry.field(description="An order that is SHIPPED.")
    expected_version: int | None = expected_version()


@strawberry.input(description="Which order is cancelled, and why.")
class CancelOrderInput:
    order_id: strawberry.ID = strawberry.field(description="An order that is DRAFT, PLACED or CONFIRMED.")
    expected_version: int | None = expected_version()
    reason: CancellationReason = strawberry.field(
        description="Why. Customers give CUSTOMER_REQUEST or OTHER; EXPIRED is the system's own."
    )


@strawberry.type
class OrderMutations:
    @mutation("Creates and submits an order in one step.")
    async def place_order(
        self, info: Info, input: Input[PlaceOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, PlaceOrder, input, idempotency_key)

    @mutation("Opens an empty draft order: a basket.")
    async def create_order(
        self, info: Info, input: Input[CreateOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, CreateOrder, input, idempotency_key)

    @mutation(
        "Puts units of a product into a draft, at the price of the moment. Each time it adds: send an `idempotencyKey`."
    )
    async def add_order_item(
        self, info: Info, input: Input[AddOrderItemInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, AddOrderItem, input, idempotency_key)

    @mutation("Says how many units of a product a draft has.")
    async def change_order_item_quantity(
        self, info: Info, input: Input[ChangeOrderItemQuantityInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, ChangeOrderItemQuantity, input, idempotency_key)

    @mutation("Takes a product out of a draft.")
    async def remove_order_item(
        self, info: Info, input: Input[RemoveOrderItemInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, RemoveOrderItem, input, idempotency_key)

    @mutation("Submits a draft: prices are fixed and stock is reserved, all or nothing.")
    async def submit_order(
        self, info: Info, input: Input[SubmitOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, SubmitOrder, input, idempotency_key)

    @mutation("Staff only. The shop takes the order; one that nobody confirms in time is cancelled as EXPIRED.")
    async def confirm_order(
        self, info: Info, input: Input[ConfirmOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, ConfirmOrder, input, idempotency_key)

    @mutation("Staff only. Hands a confirmed order to a carrier. Repeated with the same number it is no news.")
    async def ship_order(
        self, info: Info, input: Input[ShipOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, ShipOrder, input, idempotency_key)

    @mutation("Staff only. The order has arrived. Repeated it is no news.")
    async def deliver_order(
        self, info: Info, input: Input[DeliverOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, DeliverOrder, input, idempotency_key)

    @mutation("Cancels an order that has not shipped and returns its stock.")
    async def cancel_order(
        self, info: Info, input: Input[CancelOrderInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, CancelOrder, input, idempotency_key)
