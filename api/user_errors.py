"""Why a command was refused, as clients see it."""

from enum import Enum

import strawberry


@strawberry.enum
class UserErrorCode(Enum):
    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT",
        description="The input breaks a structural rule: empty, too long, out of range, malformed.",
    )
    NOT_FOUND = "NOT_FOUND"
    VERSION_CONFLICT = strawberry.enum_value(
        "VERSION_CONFLICT",
        description="`expectedVersion` is not the aggregate's version, or concurrent commands kept winning.",
    )
    IDEMPOTENCY_KEY_REUSED = strawberry.enum_value(
        "IDEMPOTENCY_KEY_REUSED", description="The same `idempotencyKey` came with a different command."
    )
    CUSTOMER_INACTIVE = "CUSTOMER_INACTIVE"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    SKU_TAKEN = "SKU_TAKEN"
    PRODUCT_DISCONTINUED = "PRODUCT_DISCONTINUED"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    ORDER_EMPTY = "ORDER_EMPTY"
    ORDER_STATUS_CONFLICT = strawberry.enum_value(
        "ORDER_STATUS_CONFLICT", description="The order's status does not allow the command."
    )


@strawberry.type
class UserError:
    code: UserErrorCode
    message: str
    field: list[str] | None = strawberry.field(
        description='Path into the mutation\'s arguments, e.g. ["input", "lines", "0", "quantity"].'
    )
