"""Pages of the contract: Relay connections, which show the read model's pages, and what every node has."""

from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

import strawberry

from api.compiled.sources import made_of
from read_model.pages import Page, PageRequest
from read_model.rows import Row
from write_model.contracts.ids import NOUNS

T = TypeVar("T")


@strawberry.interface(description="Whatever has an id of its own and can be found by it: `Query.node`.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="Like no other id. Its beginning tells what it names, e.g. `ord_` an order; the rest is opaque."
    )

    @classmethod
    def is_type_of(cls, source: object, _: Any) -> bool:
        """Whatever a query found for the type is of it."""
        return isinstance(source, Row)

    @classmethod
    def resolve_type(cls, source: Row, *_: Any) -> str:
        """The type that a row of its kind is shown as."""
        return NOUNS[source.kind].capitalize()


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether the list goes on after this page: ask again with `after: endCursor`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether the list has something before this page: ask again with `before: startCursor`."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the page's first entry; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last entry; null on an empty page.")

    @classmethod
    def of(cls, page: Page[Any]) -> Self:
        """For a list whose entries are not shown as they are found."""
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.start_cursor,
            end_cursor=page.end_cursor,
        )


@strawberry.type(description="An entry of a list, and its place there.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="Pass it as `after` or `before`. It goes on working when the entry itself has moved or gone."
    )
    node: T = strawberry.field(description="The entry.")

    @classmethod
    def all_of(cls, page: Page[Any], nodes: Sequence[T]) -> list[Self]:
        """Those of a page whose entries are shown as these nodes."""
        return [cls(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)]


@strawberry.type(
    description="A page of a list. While others add, move or remove entries, one that stays comes exactly once."
)
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's entries, each with its cursor.")
    nodes: list[T] = strawberry.field(description="The page's entries alone.")
    page_info: PageInfo = strawberry.field(
        description="Whether the list goes on, and the cursors to go on with.",
        metadata=made_of(has_next_page="has_next", has_previous_page="has_previous"),
    )
    total_count: int = strawberry.field(description="Entries in the whole list, on all pages; exact.")


def page_request(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """The page that a list's arguments ask for, each of which may be unset; read_model's BadPage."""
    given = {"first": first, "after": after, "last": last, "before": before}
    return PageRequest(**{name: value for name, value in given.items() if value is not strawberry.UNSET})  # type: ignore[arg-type]
