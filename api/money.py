"""Money as clients see it."""

from decimal import Decimal

import strawberry

from api.scalars import CurrencyCode
from write_model.contracts.money import format_amount


@strawberry.type
class Money:
    amount: Decimal
    currency_code: CurrencyCode


def money(minor: int, currency: str) -> Money:
    """1990 minor units of EUR -> 19.90 EUR."""
    return Money(amount=Decimal(format_amount(minor, currency)), currency_code=CurrencyCode(currency))
