"""What is said of inputs that break a bound."""

from typing import Any

import pytest
from pydantic import ValidationError

from write_model.commands import COMMANDS
from write_model.orders.place_order import PlaceOrder
from write_model.products.add_product import AddProduct
from write_model.products.restock_product import RestockProduct
from write_model.rejection import InvalidInput

PRICE = {"amount": "1.50", "currencyCode": "EUR"}
LINES = [{"productId": "prd_0", "quantity": 1}]
ADDRESS = {"recipient": "A", "street": "S", "city": "C", "postalCode": "1", "countryCode": "DE"}


def added(**given: Any) -> list[str]:
    return said(AddProduct, {"sku": "T", "name": "Tea", "category": "Tea", "price": PRICE, "initialStock": 1} | given)


def said(command: type[Any], input: dict[str, Any]) -> list[str]:
    assert command in COMMANDS
    with pytest.raises(ValidationError) as raised:
        command.model_validate(input)
    refusals = [InvalidInput.of(details) for details in raised.value.errors()]
    return [f"{'.'.join((refusal.field or ())[1:])}: {refusal}" for refusal in refusals]


def test_each_bound_is_a_sentence_that_says_what_to_do() -> None:
    assert added(name="") == ["name: Must not be empty"]
    assert added(name="x" * 201) == ["name: Must have at most 200 characters"]
    assert added(initialStock=-1) == ["initialStock: Must be at least 0"]
    assert added(initialStock=2_000_000) == ["initialStock: Must be at most 1,000,000"]
    assert added(price=PRICE | {"amount": "-1"}) == ["price.amount: Must be at least 0"]
    assert added(price=PRICE | {"currencyCode": "euro"}) == [
        'price.currencyCode: Must be the three letters of a currency, as "EUR" (ISO 4217)'
    ]
    assert added(name=" \u200b") == ["name: Must hold something that can be seen"]
    assert said(RestockProduct, {"productId": "prd_0", "quantity": 0})[-1] == "quantity: Must be at least 1"
    many = {"customerId": "cus_0", "lines": LINES * 101, "shippingAddress": ADDRESS}
    assert "lines: Must have at most 100 elements, and has 101" in said(PlaceOrder, many)
