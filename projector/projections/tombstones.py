"""Tombstones: an event that was given up leaves a row as it is, one version further.

So the aggregate's next event follows, and clients may go on to expect the version that the aggregate has. Where there
is no row, because its first event was given up, there is nothing to carry a version: later events stay out.
"""

from collections.abc import Sequence
from typing import assert_never

from projector.projections.sequence import is_news
from projector.rows import OpenOrder, RowId, Rows
from projector.writes import Put, Write
from read_model.schema.commands import CommandRow
from read_model.schema.customers import CustomerRow
from read_model.schema.products import ProductRow
from write_model.contracts.envelope import Tombstone
from write_model.contracts.ids import kind_of


def touches(tombstone: Tombstone) -> tuple[RowId, ...]:
    """The row of the aggregate; none where its kind has none."""
    id = tombstone.aggregate_id
    match kind_of(id):
        case "ord":
            return ((OpenOrder, id),)
        case "cus":
            return ((CustomerRow, id),)
        case "prd":
            return ((ProductRow, id),)
        case "cmd":
            return ((CommandRow, id),)
        case None:
            return ()
        case kind:
            assert_never(kind)


def skip(tombstone: Tombstone, rows: Rows) -> Sequence[Write]:
    """The aggregate's row at the tombstone's version."""
    id, version = tombstone.aggregate_id, tombstone.version
    match kind_of(id):
        case "ord":
            order = rows.find(OpenOrder, id)
            if order and is_news(tombstone, order.summary.version):
                return [Put(id, order._replace(summary=order.summary._replace(version=version)))]
        case "cus":
            return _skipped(tombstone, rows.find(CustomerRow, id))
        case "prd":
            return _skipped(tombstone, rows.find(ProductRow, id))
        case "cmd":
            return _skipped(tombstone, rows.find(CommandRow, id))
    return ()


def _skipped(tombstone: Tombstone, row: CustomerRow | ProductRow | CommandRow | None) -> Sequence[Write]:
    if row and is_news(tombstone, row.version):
        return [Put(row.id, row._replace(version=tombstone.version))]
    return ()
