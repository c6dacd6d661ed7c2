"""Money in commands: exact to the currency's minor unit, and in the shop's one currency."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from write_model.contracts.money import minor_digits
from write_model.ports import Command
from write_model.rejection import Rejection

# Keeps the total of the largest order (100 lines of 10,000 units) exact in a double: below 2**53 minor units.
_LARGEST = 1_000_000


class CurrencyMismatch(Rejection):
    """This shop sells in {shop}, not in {given}."""

    code = "CURRENCY_MISMATCH"


def _canonical(amount: Decimal) -> Decimal:
    """19.90 is 19.9: equal amounts make equal commands."""
    canonical = amount.normalize()
    if canonical != amount:  # normalize rounds to 28 digits
        raise ValueError("has too many digits")
    return canonical


def _currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError('must be the three letters of a currency, as "EUR" (ISO 4217)')
    return text


class MoneyInput(Command):
    """An amount as a client gives it; `minor` is what the system keeps."""

    amount: Annotated[Decimal, Field(ge=0, le=_LARGEST, allow_inf_nan=False), AfterValidator(_canonical)]
    currency_code: Annotated[str, AfterValidator(_currency)]

    @model_validator(mode="after")
    def _exact(self) -> Self:
        digits = minor_digits(self.currency_code)
        if self.amount.scaleb(digits) % 1:
            raise ValueError(f"an amount in {self.currency_code} has at most {digits} decimal places")
        return self

    @property
    def minor(self) -> int:
        """The amount in minor units of its currency."""
        return int(self.amount.scaleb(minor_digits(self.currency_code)))

    def in_currency(self, shop: str) -> int:
        """The amount in minor units of the shop's currency; CurrencyMismatch where it is in another."""
        if self.currency_code != shop:
            raise CurrencyMismatch(shop=shop, given=self.currency_code, field=("input", "price", "currencyCode"))
        return self.minor
