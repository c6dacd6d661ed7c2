"""Commands on products."""

from decimal import Decimal

import strawberry
from strawberry import UNSET

from api.arguments import IdempotencyKey, Input
from api.context import Info
from api.fields import expected_version, mutation
from api.receipts import CommandResult, answer
from api.scalars import CurrencyCode
from write_model.products.add_product import AddProduct
from write_model.products.change_product_price import ChangeProductPrice
from write_model.products.discontinue_product import DiscontinueProduct
from write_model.products.restock_product import RestockProduct
from write_model.products.update_product_details import UpdateProductDetails


@strawberry.input(description="An amount of money.")
class MoneyInput:
    amount: Decimal = strawberry.field(
        description='Exact to the currency\'s smallest unit, e.g. "19.90": 0 to 1,000,000.'
    )
    currency_code: CurrencyCode = strawberry.field(
        description="The shop's one currency; another is refused with CURRENCY_MISMATCH."
    )


@strawberry.input(description="The new product.")
class AddProductInput:
    sku: str = strawberry.field(
        description="The shop's own code, 1 to 100 characters: refused with SKU_TAKEN where another product has it."
    )
    name: str = strawberry.field(description="The name, 1 to 200 characters.")
    description: str = strawberry.field(
        default="", description="Plain text, up to 5,000 characters, which may have several lines."
    )
    category: str = strawberry.field(
        description="One category, 1 to 100 characters. A new one exists by being named here."
    )
    price: MoneyInput = strawberry.field(description="What a unit costs.")
    initial_stock: int = strawberry.field(default=0, description="Units that are there from the start, 0 to 1,000,000.")


@strawberry.input(description="What changes in a product: what is left out or null stays as it is.")
class UpdateProductDetailsInput:
    product_id: strawberry.ID = strawberry.field(description="The product.")
    expected_version: int | None = expected_version()
    name: str | None = strawberry.field(
        default=UNSET, description="The new name, 1 to 200 characters. Orders already placed keep the old one."
    )
    description: str | None = strawberry.field(
        default=UNSET, description='The new description, up to 5,000 characters; "" for none.'
    )
    category: str | None = strawberry.field(default=UNSET, description="The new category, 1 to 100 characters.")


@strawberry.input(description="A product's new price.")
class ChangeProductPriceInput:
    product_id: strawberry.ID = strawberry.field(description="The product.")
    expected_version: int | None = expected_version()
    price: MoneyInput = strawberry.field(
        description="What a unit costs from now on. Orders already placed keep theirs."
    )


@strawberry.input(description="What arrived.")
class RestockProductInput:
    product_id: strawberry.ID = strawberry.field(description="The product.")
    quantity: int = strawberry.field(description="Units to add to the stock, 1 to 1,000,000.")


@strawberry.input(description="What the shop does not sell any more.")
class DiscontinueProductInput:
    product_id: strawberry.ID = strawberry.field(description="The product.")
    expected_version: int | None = expected_version()


@strawberry.type
class ProductMutations:
    @mutation("Staff only. Adds a product to the catalogue.")
    async def add_product(
        self, info: Info, input: Input[AddProductInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, AddProduct, input, idempotency_key)

    @mutation("Staff only. Changes a product's name, description or category.")
    async def update_product_details(
        self, info: Info, input: Input[UpdateProductDetailsInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, UpdateProductDetails, input, idempotency_key)

    @mutation("Staff only. Changes what a product costs from now on.")
    async def change_product_price(
        self, info: Info, input: Input[ChangeProductPriceInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, ChangeProductPrice, input, idempotency_key)

    @mutation("Staff only. Adds units to a product's stock. Each time it adds: send an `idempotencyKey`.")
    async def restock_product(
        self, info: Info, input: Input[RestockProductInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, RestockProduct, input, idempotency_key)

    @mutation(
        "Staff only. Takes a product out of the catalogue for good: it can be ordered no more. Repeated it is no news."
    )
    async def discontinue_product(
        self, info: Info, input: Input[DiscontinueProductInput], idempotency_key: IdempotencyKey = UNSET
    ) -> CommandResult:
        return await answer(info, DiscontinueProduct, input, idempotency_key)
