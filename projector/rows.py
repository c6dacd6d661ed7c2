"""Rows as a projection sees them: as they were read, and as the events before this one in the step left them."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Self, TypeVar, cast

from projector.unprojectable import Unprojectable
from read_model.schema.catalogue import CatalogueRow
from read_model.schema.commands import CommandRow
from read_model.schema.customers import CustomerRow
from read_model.schema.keys import Keys
from read_model.schema.orders import OrderSummary
from read_model.schema.products import ProductRow


class OpenOrder(NamedTuple):
    """An order's row (orders.OrderRow) as projections handle it: the summary read, the long parts left as texts.

    Most events change the status only, and need not take the lines apart and put them together again. `changed`
    are the parts to write beside the summary.
    """

    summary: OrderSummary
    timeline: bytes
    lines: bytes
    changed: Mapping[str, bytes]

    def encode(self) -> dict[str, bytes]:
        """The hash fields to write."""
        return {"summary": self.summary.encode(), "timeline": self.timeline, **self.changed}

    @classmethod
    def decode(cls, fields: Mapping[str, str]) -> Self:
        """The row in its hash fields."""
        return cls(OrderSummary.decode(fields["summary"]), fields["timeline"].encode(), fields["lines"].encode(), {})

    def written(self) -> Self:
        """The row when all of it has been written."""
        return self._replace(changed={}) if self.changed else self


Row = CustomerRow | ProductRow | CatalogueRow | OpenOrder | CommandRow
RowId = tuple[type[Row], str]
"""The kind of a row and the id of what it shows."""

CATALOGUE: Final = "catalogue"
"""The id of the one CatalogueRow."""

Fields = Mapping[str, str]
"""A row's hash as it was read; empty where there is none."""

R = TypeVar("R", CustomerRow, ProductRow, CatalogueRow, OpenOrder, CommandRow)

_KEYS: Final[dict[type[Row], Callable[[Keys, str], str]]] = {
    CustomerRow: Keys.customer,
    ProductRow: Keys.product,
    CatalogueRow: lambda keys, _: keys.catalogue(),
    OpenOrder: Keys.order,
    CommandRow: Keys.command,
}


def row_key(keys: Keys, row: RowId) -> str:
    """The Redis key of a row."""
    kind, id = row
    return _KEYS[kind](keys, id)


class Rows:
    """The rows of a step, decoded when they are first asked for.

    A row that nobody named in advance was not read, and asking for it is a fault of the table of touched rows.
    `shop_currency` is for rows that have no amount of their own yet. `known` are those that need not be read: it is
    taken over, and gets to know the rest.
    """

    __slots__ = ("_read", "keys", "known", "shop_currency")

    def __init__(
        self, keys: Keys, shop_currency: str, read: Mapping[RowId, Fields], known: dict[RowId, Row | None] | None = None
    ) -> None:
        self.keys = keys
        self.shop_currency = shop_currency
        self.known = {} if known is None else known
        self._read = read

    def find(self, kind: type[R], id: str) -> R | None:
        """The row as it stands now; None where there is none."""
        row: RowId = (kind, id)
        if row not in self.known:
            fields = self._read[row]
            self.known[row] = kind.decode(fields) if fields else None
        return cast("R | None", self.known[row])

    def need(self, kind: type[R], id: str) -> R:
        """The row as it stands now; Unprojectable where there is none."""
        found = self.find(kind, id)
        if found is None:
            raise Unprojectable(f"{id} has no row")
        return found

    def put(self, row: RowId, value: Row) -> None:
        """From now on the row is this."""
        self.known[row] = value
