"""Commands on orders."""

import strawberry
from strawberry import UNSET

from api.context import Info
from api.fields import mutation
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


@strawberry.input
class OrderLineInput:
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class AddressInput:
    recipient: str
    street: str
    city: str
    postal_code: str
    country_code: str = strawberry.field(description='ISO 3166-1 alpha-2, e.g. "DE".')


@strawberry.input
class PlaceOrderInput:
    customer_id: strawberry.ID
    lines: list[OrderLineInput]
    shipping_address: AddressInput


@strawberry.input
class CreateOrderInput:
    customer_id: strawberry.ID


@strawberry.input
class AddOrderItemInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class ChangeOrderItemQuantityInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class RemoveOrderItemInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    product_id: strawberry.ID


@strawberry.input
class SubmitOrderInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    shipping_address: AddressInput


@strawberry.input
class ConfirmOrderInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET


@strawberry.input
class ShipOrderInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    carrier: str
    tracking_number: str


@strawberry.input
class DeliverOrderInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET


@strawberry.input
class CancelOrderInput:
    order_id: strawberry.ID
    expected_version: int | None = UNSET
    reason: CancellationReason


@strawberry.type
class OrderMutations:
    @mutation("Creates and submits an order in one step.")
    async def place_order(
        self, info: Info, input: PlaceOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, PlaceOrder, input, idempotency_key)

    @mutation("Opens an empty draft order: a basket.")
    async def create_order(
        self, info: Info, input: CreateOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, CreateOrder, input, idempotency_key)

    @strawberry.mutation
    async def add_order_item(
        self, info: Info, input: AddOrderItemInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, AddOrderItem, input, idempotency_key)

    @strawberry.mutation
    async def change_order_item_quantity(
        self, info: Info, input: ChangeOrderItemQuantityInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, ChangeOrderItemQuantity, input, idempotency_key)

    @strawberry.mutation
    async def remove_order_item(
        self, info: Info, input: RemoveOrderItemInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, RemoveOrderItem, input, idempotency_key)

    @mutation("Submits a draft: prices are fixed and stock is reserved, all or nothing.")
    async def submit_order(
        self, info: Info, input: SubmitOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, SubmitOrder, input, idempotency_key)

    @strawberry.mutation
    async def confirm_order(
        self, info: Info, input: ConfirmOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, ConfirmOrder, input, idempotency_key)

    @strawberry.mutation
    async def ship_order(
        self, info: Info, input: ShipOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, ShipOrder, input, idempotency_key)

    @strawberry.mutation
    async def deliver_order(
        self, info: Info, input: DeliverOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, DeliverOrder, input, idempotency_key)

    @mutation("Cancels an order that has not shipped and returns its stock.")
    async def cancel_order(
        self, info: Info, input: CancelOrderInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, CancelOrder, input, idempotency_key)
