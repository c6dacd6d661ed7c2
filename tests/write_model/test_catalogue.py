"""What customers and products decide, and what their commands accept."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.write_model.examples import (
    ABSENT,
    ADA,
    AS_ADA,
    AS_BOB,
    ORDER,
    TEA,
    ada,
    ada_left,
    place,
    tea,
    tea_ended,
)
from tests.write_model.specification import given, happened
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.products import ProductAdded, ProductPriceChanged, ProductRestocked
from write_model.customers.customer import CustomerNotFound
from write_model.customers.deactivate_customer import DeactivateCustomer
from write_model.customers.document import CUSTOMERS
from write_model.customers.register_customer import RegisterCustomer
from write_model.money import CurrencyMismatch, MoneyInput
from write_model.orders.confirm_order import ConfirmOrder
from write_model.ports import Command
from write_model.products.add_product import AddProduct
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.discontinue_product import DiscontinueProduct
from write_model.products.document import PRODUCTS
from write_model.products.product import LARGEST_STOCK, ProductIsDiscontinued, ProductNotFound
from write_model.products.restock_product import RestockProduct
from write_model.rejection import InvalidInput, VersionConflict


def euros(amount: str, currency: str = "EUR") -> MoneyInput:
    return MoneyInput.model_validate({"amount": amount, "currencyCode": currency})


def test_registering() -> None:
    decision = given().when(RegisterCustomer(name=" Ada ", email="ada@Example.com"))
    assert decision.answer is not None
    decision.then(happened(CUSTOMERS, decision.answer, CustomerRegistered(name="Ada", email="ada@example.com")))


def test_deactivating() -> None:
    given(ada).when(DeactivateCustomer(customer_id=ADA)).then(ada_left)
    given(ada, ada_left).when(DeactivateCustomer(customer_id=ADA)).then_nothing()
    given().when(DeactivateCustomer(customer_id=ADA)).then_refused(CustomerNotFound)
    given(ada).when(DeactivateCustomer(customer_id=ADA, expected_version=3)).then_refused(
        VersionConflict, field=("input", "expectedVersion")
    )


def test_a_customer_is_visible_to_themselves_only() -> None:
    given(ada).when(DeactivateCustomer(customer_id=ADA), by=AS_BOB).then_refused(CustomerNotFound)
    given(ada).when(DeactivateCustomer(customer_id=ADA), by=AS_ADA).then(ada_left)


def test_adding_a_product() -> None:
    command = AddProduct(sku="TEA-1", name="Green tea", category="Tea", price=euros("4.5"), initial_stock=10)
    decision = given().when(command)
    assert decision.answer is not None
    added = ProductAdded(
        sku="TEA-1", name="Green tea", description="", category="Tea", price=450, currency="EUR", stock=10
    )
    decision.then(happened(PRODUCTS, decision.answer, added))


def test_one_shop_has_one_currency() -> None:
    field = ("input", "price", "currencyCode")
    dollars = euros("4.50", "USD")
    given().when(AddProduct(sku="T", name="T", category="T", price=dollars)).then_refused(CurrencyMismatch, field=field)
    given(tea()).when(ChangeProductPrice(product_id=TEA, price=dollars)).then_refused(CurrencyMismatch, field=field)


def test_changing_a_price() -> None:
    given(tea()).when(ChangeProductPrice(product_id=TEA, price=euros("5"))).then(
        happened(PRODUCTS, TEA, ProductPriceChanged(price=500, currency="EUR"))
    )
    given(tea()).when(ChangeProductPrice(product_id=TEA, price=euros("4.50"))).then_nothing()


def test_restocking() -> None:
    given(tea()).when(RestockProduct(product_id=TEA, quantity=5)).then(
        happened(PRODUCTS, TEA, ProductRestocked(quantity=5))
    )
    given(tea(stock=LARGEST_STOCK)).when(RestockProduct(product_id=TEA, quantity=1)).then_refused(
        InvalidInput, field=("input", "quantity")
    )


def test_discontinuing() -> None:
    given(tea()).when(DiscontinueProduct(product_id=TEA)).then(tea_ended)
    given(tea(), tea_ended).when(DiscontinueProduct(product_id=TEA)).then_nothing()


@pytest.mark.parametrize(
    "command",
    [RestockProduct(product_id=TEA, quantity=1), ChangeProductPrice(product_id=TEA, price=euros("1"))],
)
def test_a_discontinued_product_stays_as_it_is(command: Command) -> None:
    given(tea(), tea_ended).when(command).then_refused(ProductIsDiscontinued, field=("input", "productId"))


@pytest.mark.parametrize(
    "command",
    [
        RestockProduct(product_id=ABSENT["prd"], quantity=1),
        ChangeProductPrice(product_id=ABSENT["prd"], price=euros("1")),
        DiscontinueProduct(product_id=ABSENT["prd"]),
    ],
)
def test_a_product_must_exist(command: Command) -> None:
    given().when(command).then_refused(ProductNotFound)


@pytest.mark.parametrize(
    ("build", "where"),
    [
        (lambda: RegisterCustomer(name="", email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="   ", email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="x" * 10_000, email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="a\0b", email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="\ud800", email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="A", email="not an address"), ("email",)),
        (lambda: RegisterCustomer(name="A", email="Ada <ada@example.com>"), ("email",)),
        (lambda: RegisterCustomer(name="\u200b\ufeff", email="a@example.com"), ("name",)),
        (lambda: RegisterCustomer(name="\u202eadA", email="a@example.com"), ("name",)),
        (lambda: RestockProduct(product_id=TEA, quantity=0), ("quantity",)),
        (lambda: RestockProduct(product_id=TEA, quantity=-1), ("quantity",)),
        (lambda: RestockProduct(product_id=TEA, quantity=2**31), ("quantity",)),
        (lambda: RestockProduct.model_validate({"productId": ORDER, "quantity": 1}), ("productId",)),
        (lambda: ConfirmOrder.model_validate({"orderId": "ord_"}), ("orderId",)),
        (lambda: ConfirmOrder.model_validate({"orderId": ORDER.upper()}), ("orderId",)),
        (lambda: place((TEA, 0)), ("lines", 0, "quantity")),
        (lambda: place((TEA, 10_001)), ("lines", 0, "quantity")),
        (lambda: place(*[(TEA, 1)] * 101), ("lines",)),
        (lambda: euros("-1"), ("amount",)),
        (lambda: euros("NaN"), ("amount",)),
        (lambda: euros("1e99"), ("amount",)),
        (lambda: euros("1.005"), ()),
        (lambda: euros("1", "eur"), ("currencyCode",)),
    ],
)
def test_malformed_input_is_named_by_its_field(build: Any, where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as raised:
        build()
    assert where in [error["loc"] for error in raised.value.errors()]


def test_amounts_are_exact_to_the_currencys_minor_unit() -> None:
    assert euros("19.90").minor == 1_990
    assert euros("19.9000").minor == 1_990
    assert euros("1990", "JPY").minor == 1_990
    assert euros("1.990", "KWD").minor == 1_990
    with pytest.raises(ValidationError):
        euros("19.9", "JPY")
