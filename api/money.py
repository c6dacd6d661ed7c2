"""Money as clients see it."""

from decimal import Decimal

import strawberry

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
