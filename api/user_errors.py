"""Why a command was refused, as clients see it."""

from enum import Enum

import strawberry

from api.fields import enum_value


@strawberry.enum(description="What is wrong with a command, for programs; `message` says it to people.")
class UserErrorCode(Enum):
    INVALID_INPUT = enum_value(
        "INVALID_INPUT", "The input breaks a structural rule: empty, too long, out of range, malformed."
    )
    NOT_FOUND = enum_value("NOT_FOUND", "There is no such customer, product, order or line, or it is not the caller's.")
    VERSION_CONFLICT = enum_value(
        "VERSION_CONFLICT", "`expectedVersion` is not the aggregate's version, or concurrent commands kept winning."
    )
    IDEMPOTENCY_KEY_REUSED = enum_value(
        "IDEMPOTENCY_KEY_REUSED", "The same `idempotencyKey` came with a different command."
    )
    CUSTOMER_INACTIVE = enum_value("CUSTOMER_INACTIVE", "The customer is deactivated and cannot order.")
    EMAIL_TAKEN = enum_value("EMAIL_TAKEN", "Another customer has this e-mail address, whatever its case.")
    SKU_TAKEN = enum_value("SKU_TAKEN", "Another product has this SKU.")
    PRODUCT_DISCONTINUED = enum_value("PRODUCT_DISCONTINUED", "The product cannot be ordered or changed any more.")
    INSUFFICIENT_STOCK = enum_value(
        "INSUFFICIENT_STOCK",
        "A product has fewer units left than were asked for. Nothing was reserved of the others either.",
    )
    CURRENCY_MISMATCH = enum_value("CURRENCY_MISMATCH", "The price is not in the shop's currency.")
    ORDER_EMPTY = enum_value("ORDER_EMPTY", "An order without a line cannot be placed.")
    ORDER_STATUS_CONFLICT = enum_value("ORDER_STATUS_CONFLICT", "The order's status does not allow the command.")


@strawberry.type(description="One reason why a command was rejected. Nothing of a rejected command was done.")
class UserError:
    code: UserErrorCode = strawberry.field(description="What is wrong, for programs.")
    message: str = strawberry.field(description="What is wrong, in a sentence for people.")
    field: list[str] | None = strawberry.field(
        description='Path into the mutation\'s arguments, e.g. ["input", "lines", "0", "quantity"].'
    )
