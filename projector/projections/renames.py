"""A customer's new name on its way into their orders: so many at a time, however many they have.

The customers who are not done yet stand in a sorted set, by how many of their orders have been. Orders are taken in
the order of their ids and none ever leaves its customer, so whoever comes in between can only push others back:
none is passed over. What is placed meanwhile has the new name already, and another rename begins at the first again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from projector.rows import OpenOrder, RowId, Rows
from projector.writes import Put, Rank, Unrank, Write
from read_model.schema.customers import CustomerRow


class Rename(NamedTuple):
    """`done` of the customer's orders show the name that the customer has; `orders` follow them."""

    customer_id: str
    done: int
    orders: Sequence[str]
    is_last: bool

    def touches(self) -> list[RowId]:
        """The rows that `carry_on` asks for."""
        return [(CustomerRow, self.customer_id), *((OpenOrder, id) for id in self.orders)]


def carry_on(rename: Rename, rows: Rows) -> list[Write]:
    """The orders with the customer's name, and how far the rename has come with them."""
    customer = rows.need(CustomerRow, rename.customer_id)
    writes: list[Write] = []
    for id in rename.orders:
        order = rows.need(OpenOrder, id)
        if order.summary.customer_name != customer.name:
            writes.append(Put(id, order._replace(summary=order.summary._replace(customer_name=customer.name))))
    key = rows.keys.renames()
    over, further = Unrank(key, customer.id), Rank(key, customer.id, rename.done + len(rename.orders))
    return [*writes, over if rename.is_last else further]
