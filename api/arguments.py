"""The arguments that many fields take: what each means is said here, once, for all of them."""

from typing import Annotated, TypeAlias, TypeVar

import strawberry

from api.scalars import ConsistencyToken

T = TypeVar("T")

Input: TypeAlias = Annotated[T, strawberry.argument(description="What the command needs to know.")]

IdempotencyKey: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description=(
            "Makes the command safe to send again: for 7 days, a repetition with the same key answers the first\n"
            "receipt. Make a new one for each thing that you mean to do, e.g. a UUID; 1 to 200 printable characters.\n"
            "Keys of other callers do not clash with it."
        )
    ),
]

ConsistentWith: TypeAlias = Annotated[
    list[ConsistencyToken] | None,
    strawberry.argument(
        description=(
            "Tokens of receipts whose effects the answer must show. It waits for them, and is the error `STALE_READ`\n"
            "where that takes too long (5 seconds, unless the server is set otherwise)."
        )
    ),
]

First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="At most so many, from the beginning or after `after`: 0 to 100, 20 by default."),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only what follows this cursor: the `endCursor` of the page before.")
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="At most so many, from the end or before `before`: 0 to 100, not with `first`."),
]
Before: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Only what comes before this cursor: the `startCursor` of the page after."),
]

CustomerId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The customer's id: `cus_…`.")]
ProductId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The product's id: `prd_…`.")]
OrderId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The order's id: `ord_…`.")]

CommandId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="The queued command's id: `cmd_…`, from `queued`.")
]

Filter: TypeAlias = Annotated[
    T | None, strawberry.argument(description="Only those that meet all that is said here; everything without it.")
]
OrderBy: TypeAlias = Annotated[
    T, strawberry.argument(description="The order of the list. Cursors belong to the order that gave them.")
]
