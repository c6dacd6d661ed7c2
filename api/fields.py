"""strawberry's decorators with a description: typed, where its own forget the type of what they decorate.

And the one field that many inputs share.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry import UNSET

F = TypeVar("F", bound=Callable[..., Any])


def field(description: str, *, shows: object = None) -> Callable[[F], F]:
    """A field of a type or of Query; `shows` is its type where what it gives is shown as something else."""
    return cast(Callable[[F], F], strawberry.field(description=description, graphql_type=shows))


def mutation(description: str) -> Callable[[F], F]:
    """A field of Mutation."""
    return cast(Callable[[F], F], strawberry.mutation(description=description))


def subscription(description: str, *, shows: object = None) -> Callable[[F], F]:
    """A field of Subscription; `shows` as with `field`."""
    return cast(Callable[[F], F], strawberry.subscription(description=description, graphql_type=shows))


def enum_value(name: str, description: str) -> str:
    """A value of an enum, whose name it is."""
    return cast(str, strawberry.enum_value(name, description=description))


def expected_version() -> Any:
    """The field `expectedVersion` of an input, which means the same in all of them."""
    return strawberry.field(
        default=UNSET,
        description=(
            "The version that the caller saw: refused with VERSION_CONFLICT where it is not the current one.\n"
            "Left out or null, the command applies to whatever version there is."
        ),
    )
