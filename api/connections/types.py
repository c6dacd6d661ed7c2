"""Pages of the contract: Relay connections over the read model's pages, and what every node has."""

from collections.abc import Callable
from typing import Generic, TypeVar

import strawberry

from read_model.pages import Page, PageRequest

T = TypeVar("T")
Row = TypeVar("Row")


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: int

    @classmethod
    def of(cls, page: Page[Row], node_of: Callable[[Row], T]) -> "Connection[T]":
        """The page as clients see it."""
        nodes = [node_of(row) for row in page.rows]
        cursors = page.cursors
        return cls(
            edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=cursors[0] if cursors else None,
                end_cursor=cursors[-1] if cursors else None,
            ),
            total_count=page.total_count,
        )


def page_request(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """The page that a list's arguments ask for, each of which may be unset; read_model's BadPage."""
    given = {"first": first, "after": after, "last": last, "before": before}
    return PageRequest(**{name: value for name, value in given.items() if value is not strawberry.UNSET})  # type: ignore[arg-type]
