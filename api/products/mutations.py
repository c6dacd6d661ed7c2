"""Commands on products."""

from decimal import Decimal

import strawberry
from strawberry import UNSET

from api.context import Info
from api.receipts import CommandResult, answer
from api.scalars import CurrencyCode
from write_model.products.add_product import AddProduct
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.discontinue_product import DiscontinueProduct
from write_model.products.restock_product import RestockProduct
from write_model.products.update_product_details import UpdateProductDetails


@strawberry.input
class MoneyInput:
    amount: Decimal
    currency_code: CurrencyCode


@strawberry.input
class AddProductInput:
    sku: str
    name: str
    description: str = ""
    category: str
    price: MoneyInput
    initial_stock: int = 0


@strawberry.input
class UpdateProductDetailsInput:
    product_id: strawberry.ID
    expected_version: int | None = UNSET
    name: str | None = UNSET
    description: str | None = UNSET
    category: str | None = UNSET


@strawberry.input
class ChangeProductPriceInput:
    product_id: strawberry.ID
    expected_version: int | None = UNSET
    price: MoneyInput


@strawberry.input
class RestockProductInput:
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class DiscontinueProductInput:
    product_id: strawberry.ID
    expected_version: int | None = UNSET


@strawberry.type
class ProductMutations:
    @strawberry.mutation
    async def add_product(
        self, info: Info, input: AddProductInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, AddProduct, input, idempotency_key)

    @strawberry.mutation
    async def update_product_details(
        self, info: Info, input: UpdateProductDetailsInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, UpdateProductDetails, input, idempotency_key)

    @strawberry.mutation
    async def change_product_price(
        self, info: Info, input: ChangeProductPriceInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, ChangeProductPrice, input, idempotency_key)

    @strawberry.mutation
    async def restock_product(
        self, info: Info, input: RestockProductInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, RestockProduct, input, idempotency_key)

    @strawberry.mutation
    async def discontinue_product(
        self, info: Info, input: DiscontinueProductInput, idempotency_key: strawberry.ID | None = UNSET
    ) -> CommandResult:
        return await answer(info, DiscontinueProduct, input, idempotency_key)
