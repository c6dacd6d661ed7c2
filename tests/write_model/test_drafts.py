"""What drafts decide, and how profiles and details change."""

import pytest

from tests.write_model.examples import (
    ABSENT,
    ADA,
    ADDRESS,
    AS_ADA,
    AS_BOB,
    ORDER,
    POT,
    SHIPPING_ADDRESS,
    TEA,
    ada,
    ada_left,
    bob,
    cancelled,
    pot,
    tea,
    tea_ended,
)
from tests.write_model.specification import CONFIRM_BY, Happened, given, happened
from write_model.contracts.customers import CustomerProfileUpdated, CustomerReactivated
from write_model.contracts.ids import slot_of
from write_model.contracts.orders import (
    Line,
    OrderCreated,
    OrderItemAdded,
    OrderItemQuantityChanged,
    OrderItemRemoved,
    OrderPlaced,
)
from write_model.contracts.products import ProductDetailsUpdated, ProductPriceChanged, StockReserved
from write_model.customers.customer import CustomerInactive, CustomerNotFound
from write_model.customers.document import CUSTOMERS
from write_model.customers.reactivate_customer import ReactivateCustomer
from write_model.customers.update_customer_profile import UpdateCustomerProfile
from write_model.orders.add_order_item import AddOrderItem
from write_model.orders.address import Address
from write_model.orders.cancel_order import CancelOrder
from write_model.orders.change_order_item_quantity import ChangeOrderItemQuantity
from write_model.orders.create_order import CreateOrder
from write_model.orders.document import ORDERS
from write_model.orders.order import (
    MOST_LINES,
    ItemNotFound,
    OrderEmpty,
    OrderNotFound,
    OrderStatusConflict,
    QuantityTooLarge,
    TooManyLines,
)
from write_model.orders.remove_order_item import RemoveOrderItem
from write_model.orders.submit_order import SubmitOrder
from write_model.ports import Command
from write_model.products.document import PRODUCTS
from write_model.products.product import InsufficientStock, ProductIsDiscontinued, ProductNotFound
from write_model.products.update_product_details import UpdateProductDetails
from write_model.rejection import VersionConflict

GREEN_TEA = Line(product_id=TEA, sku="TEA-1", name="Green tea", quantity=2, unit_price=450)
TEA_POT = Line(product_id=POT, sku="POT-1", name="Tea pot", quantity=1, unit_price=2_500)

created = happened(ORDERS, ORDER, OrderCreated(customer_id=ADA, currency="EUR"))
with_tea = happened(ORDERS, ORDER, OrderItemAdded(customer_id=ADA, line=GREEN_TEA))
with_pot = happened(ORDERS, ORDER, OrderItemAdded(customer_id=ADA, line=TEA_POT))


def placed(*lines: Line) -> list[Happened]:
    total = sum(line.quantity * line.unit_price for line in lines)
    return happened(
        ORDERS,
        ORDER,
        OrderPlaced(
            customer_id=ADA,
            lines=lines,
            total=total,
            currency="EUR",
            shipping_address=SHIPPING_ADDRESS,
            confirm_by=CONFIRM_BY,
        ),
    )


ADD_TEA = AddOrderItem(order_id=ORDER, product_id=TEA, quantity=2)
FIVE_TEAS = ChangeOrderItemQuantity(order_id=ORDER, product_id=TEA, quantity=5)
NO_TEA = RemoveOrderItem(order_id=ORDER, product_id=TEA)
SUBMIT = SubmitOrder(order_id=ORDER, shipping_address=Address.model_validate(ADDRESS))


def test_a_draft_is_opened_empty() -> None:
    decision = given(ada).when(CreateOrder(customer_id=ADA), by=AS_ADA)
    assert decision.answer is not None
    assert slot_of(decision.answer) == slot_of(ADA)
    decision.then(happened(ORDERS, decision.answer, OrderCreated(customer_id=ADA, currency="EUR")))


def test_a_draft_needs_an_active_customer_of_ones_own() -> None:
    command = CreateOrder(customer_id=ADA)
    given(ada, ada_left).when(command).then_refused(CustomerInactive, field=("input", "customerId"))
    given(ada, bob).when(command, by=AS_BOB).then_refused(CustomerNotFound)
    given().when(command).then_refused(CustomerNotFound)


def test_an_item_comes_at_the_price_of_the_moment() -> None:
    given(tea(), created).when(ADD_TEA).then(with_tea)


def test_more_of_the_same_product_is_one_line() -> None:
    given(tea(), created, with_tea).when(ADD_TEA).then(
        happened(ORDERS, ORDER, OrderItemQuantityChanged(customer_id=ADA, product_id=TEA, quantity=4))
    )


def test_only_a_product_to_order_can_be_added() -> None:
    given(created).when(ADD_TEA).then_refused(ProductNotFound)
    given(tea(), tea_ended, created).when(ADD_TEA).then_refused(ProductIsDiscontinued, field=("input", "productId"))


def test_a_draft_has_bounds() -> None:
    full = ChangeOrderItemQuantity(order_id=ORDER, product_id=TEA, quantity=10_000)
    most = given(tea(), created, with_tea).when(full).events
    given(tea(), created, with_tea, most).when(ADD_TEA).then_refused(QuantityTooLarge, field=("input", "quantity"))
    lines = [
        happened(
            ORDERS, ORDER, OrderItemAdded(customer_id=ADA, line=GREEN_TEA.model_copy(update={"product_id": f"p{n}"}))
        )
        for n in range(MOST_LINES)
    ]
    given(tea(), created, *lines).when(ADD_TEA).then_refused(TooManyLines, field=("input", "productId"))


def test_changing_a_quantity() -> None:
    changed = happened(ORDERS, ORDER, OrderItemQuantityChanged(customer_id=ADA, product_id=TEA, quantity=5))
    given(created, with_tea).when(FIVE_TEAS).then(changed)
    given(created, with_tea, changed).when(FIVE_TEAS).then_nothing()
    given(created).when(FIVE_TEAS).then_refused(ItemNotFound, field=("input", "productId"))


def test_removing_an_item() -> None:
    removed = happened(ORDERS, ORDER, OrderItemRemoved(customer_id=ADA, product_id=TEA))
    given(created, with_tea).when(NO_TEA).then(removed)
    given(created, with_tea, removed).when(NO_TEA).then_nothing()


def test_submitting_fixes_prices_and_reserves_stock() -> None:
    dearer = happened(PRODUCTS, TEA, ProductPriceChanged(price=500, currency="EUR"))
    given(ada, tea(), pot(), created, with_tea, with_pot, dearer).when(SUBMIT).then(
        placed(GREEN_TEA.model_copy(update={"unit_price": 500}), TEA_POT),
        happened(PRODUCTS, TEA, StockReserved(order_id=ORDER, quantity=2)),
        happened(PRODUCTS, POT, StockReserved(order_id=ORDER, quantity=1)),
    )


def test_submitting_again_says_nothing_new() -> None:
    given(ada, tea(), created, with_tea, placed(GREEN_TEA)).when(SUBMIT).then_nothing()


def test_submitting_may_be_refused() -> None:
    field = ("input", "orderId")
    given(ada, created).when(SUBMIT).then_refused(OrderEmpty, field=field)
    given(ada, ada_left, tea(), created, with_tea).when(SUBMIT).then_refused(
        CustomerInactive, field=("input", "customerId")
    )
    given(ada, tea(stock=1), created, with_tea).when(SUBMIT).then_refused(InsufficientStock, field=(*field, "quantity"))
    given(ada, tea(), tea_ended, created, with_tea).when(SUBMIT).then_refused(
        ProductIsDiscontinued, field=(*field, "productId")
    )


def test_a_cancelled_draft_returns_no_stock() -> None:
    given(ada, tea(), created, with_tea).when(CancelOrder(order_id=ORDER, reason="CUSTOMER_REQUEST")).then(cancelled)


@pytest.mark.parametrize("command", [ADD_TEA, FIVE_TEAS, NO_TEA])
def test_only_a_draft_can_be_edited(command: Command) -> None:
    given(ada, tea(), created, with_tea, placed(GREEN_TEA)).when(command).then_refused(
        OrderStatusConflict, field=("input", "orderId")
    )


@pytest.mark.parametrize("command", [ADD_TEA, FIVE_TEAS, NO_TEA, SUBMIT])
def test_a_draft_is_its_customers(command: Command) -> None:
    given(ada, bob, tea(), created, with_tea).when(command, by=AS_BOB).then_refused(OrderNotFound)
    given(ada, tea()).when(command).then_refused(OrderNotFound)
    stale = command.model_copy(update={"expected_version": 9})
    given(ada, tea(), created, with_tea).when(stale).then_refused(VersionConflict, field=("input", "expectedVersion"))


def test_a_profile_changes_as_a_whole() -> None:
    renamed = happened(CUSTOMERS, ADA, CustomerProfileUpdated(name="Ada King", email="ada@example.com"))
    given(ada).when(UpdateCustomerProfile(customer_id=ADA, name="Ada King"), by=AS_ADA).then(renamed)
    given(ada, renamed).when(UpdateCustomerProfile(customer_id=ADA, name="Ada King")).then_nothing()
    given(ada).when(UpdateCustomerProfile(customer_id=ADA)).then_nothing()
    given(ada, bob).when(UpdateCustomerProfile(customer_id=ADA, name="X"), by=AS_BOB).then_refused(CustomerNotFound)


def test_reactivating() -> None:
    given(ada, ada_left).when(ReactivateCustomer(customer_id=ADA)).then(happened(CUSTOMERS, ADA, CustomerReactivated()))
    given(ada).when(ReactivateCustomer(customer_id=ADA)).then_nothing()


def test_details_change_as_a_whole() -> None:
    described = happened(
        PRODUCTS, TEA, ProductDetailsUpdated(name="Green tea", description="From Uji.", category="Tea")
    )
    command = UpdateProductDetails(product_id=TEA, description="From Uji.")
    given(tea()).when(command).then(described)
    given(tea(), described).when(command).then_nothing()
    given(tea(), tea_ended).when(command).then_refused(ProductIsDiscontinued, field=("input", "productId"))
    given().when(UpdateProductDetails(product_id=ABSENT["prd"], name="X")).then_refused(ProductNotFound)
