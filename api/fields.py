"""strawberry's decorators with a description: typed, where its own forget the type of what they decorate."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

F = TypeVar("F", bound=Callable[..., Any])


def field(description: str) -> Callable[[F], F]:
    """A field of a type or of Query."""
    return cast(Callable[[F], F], strawberry.field(description=description))


def mutation(description: str) -> Callable[[F], F]:
    """A field of Mutation."""
    return cast(Callable[[F], F], strawberry.mutation(description=description))


def subscription(description: str) -> Callable[[F], F]:
    """A field of Subscription."""
    return cast(Callable[[F], F], strawberry.subscription(description=description))
