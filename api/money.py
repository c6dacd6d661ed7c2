"""Money as clients see it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import strawberry

from api.compiled.sources import made_of
from api.scalars import CurrencyCode
from write_model.contracts.money import format_amount


@strawberry.type(description="An amount of money, always exact.")
class Money:
    amount: Decimal = strawberry.field(description='With all decimals of its currency, e.g. "19.90".')
    currency_code: CurrencyCode = strawberry.field(
        description="The shop has one currency: every price and total is in it."
    )


def money(minor: int, currency: str) -> Money:
    """1990 minor units of EUR -> 19.90 EUR."""
    return Money(amount=Decimal(format_amount(minor, currency)), currency_code=CurrencyCode(currency))


def money_at(amount: str) -> Mapping[str, Any]:
    """Metadata of a field: the leaf of that name, in the currency of its row."""
    return made_of(amount=amount, currency_code="currency")
