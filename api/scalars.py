"""The scalars of the contract: what they are in Python, and how their text is read and written."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from write_model.contracts.codec import encode_time
from write_model.contracts.streams import InvalidToken, Token

CurrencyCode = NewType("CurrencyCode", str)
ConsistencyToken = NewType("ConsistencyToken", str)
JSON = NewType("JSON", object)
"""Whatever can be said in JSON."""
DateTime = NewType("DateTime", str)
"""A moment as clients and rows have it: ISO 8601 in UTC, milliseconds, "Z"."""

# Bounds what a client can make us multiply; no amount of a shop comes near it.
_DECIMAL: Final = re.compile(r"-?\d{1,18}(\.\d{1,9})?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def date_time(moment: datetime) -> DateTime:
    """The moment as clients have it."""
    return DateTime(encode_time(moment))


def _read_decimal(value: Any) -> Decimal:
    # A float has lost the number that the client wrote, so it is refused rather than rounded.
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError('A Decimal is an exact number as a string, such as "19.90".')
    return Decimal(value)


def _read_date_time(value: Any) -> DateTime:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return date_time(moment.astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        pass
    raise GraphQLError('A DateTime is ISO 8601 with its time zone, such as "2026-11-20T09:30:00.123Z".')


def _read_date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError('A Date is a calendar day, such as "2026-11-20".') from None


def _read_currency(value: Any) -> CurrencyCode:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise GraphQLError('A CurrencyCode is three capital letters of ISO 4217, such as "EUR".')
    return CurrencyCode(value)


LONGEST_TOKEN: Final = 30_000
"""Characters: of one that names a thousand partitions."""


def _read_token(value: Any) -> ConsistencyToken:
    try:
        if isinstance(value, str) and len(value) <= LONGEST_TOKEN:
            Token.decode(value)
            return ConsistencyToken(value)
    except InvalidToken:
        pass
    raise GraphQLError("A ConsistencyToken is what a receipt gave as `consistencyToken`, unchanged.")


SCALARS: Final[dict[object, ScalarDefinition]] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='Exact decimal number as a string, e.g. "19.90".',
        serialize=str,
        parse_value=_read_decimal,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, as it is: what events say differs from type to type, and from version to version.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description='Instant in time, ISO 8601 in UTC, e.g. "2026-11-20T09:30:00.123Z".',
        serialize=str,
        parse_value=_read_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description='Calendar day in UTC, e.g. "2026-11-20".',
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description='ISO 4217 currency code, e.g. "EUR".',
        serialize=str,
        parse_value=_read_currency,
    ),
    ConsistencyToken: strawberry.scalar(
        name="ConsistencyToken",
        description=(
            "An opaque mark of a commit. A query or subscription that is given receipts' tokens in `consistentWith`\n"
            "answers only from a read model that shows the effects of those commands."
        ),
        serialize=str,
        parse_value=_read_token,
    ),
}
