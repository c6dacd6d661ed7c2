"""The shop that is measured: customers, products and orders with a past, the same whenever it has the same size."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

from pymongo import MongoClient

from write_model.commands import AGGREGATES
from write_model.contracts.customers import CustomerRegistered
from write_model.contracts.envelope import Envelope
from write_model.contracts.event import Event
from write_model.contracts.ids import CATALOGUE_SLOT, SLOTS, Kind, new_id, slot_of
from write_model.contracts.orders import (
    Line,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
    OrderShipped,
    ShippingAddress,
)
from write_model.contracts.products import ProductAdded, StockReleased, StockReserved
from write_model.mongo import journal

CURRENCY: Final = "EUR"
STOCK: Final = 1_000_000_000
LINES: Final = 3
ADDRESS: Final = {
    "recipient": "Ada Lovelace",
    "street": "12 St James's Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country_code": "GB",
}
WORDS: Final = (
    "tea green black white oolong cup mug pot spoon sugar honey lemon mint rose gold silver large small iron glass"
).split()
_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
_KINDS: Final = {aggregate.kind: aggregate for aggregate in AGGREGATES}
_NEVER: Final = "9999-01-01T00:00:00.000Z"
_AT_ONCE: Final = 5_000

Commit = list[Envelope[Event]]
Document = dict[str, Any]


class Shop:
    """A shop of so many events. What it has, by id and by kind, fills up while its history is told, once."""

    def __init__(self, events: int) -> None:
        self.events = 0
        self.states: dict[str, Any] = {}
        self.created: dict[str, datetime] = {}
        self.ids: dict[str, list[str]] = {"cus": [], "prd": [], "ord": []}
        self._wanted = events
        self._random = Random(events)
        self._now = _BEGINNING

    def of(self, kind: Kind) -> list[Any]:
        """The states of a kind, the oldest first."""
        return [self.states[id] for id in self.ids[kind]]

    def history(self) -> Iterator[Commit]:
        """What happened, commit by commit."""
        random = self._random
        yield from self._opening()
        customers, products = self.ids["cus"], self.ids["prd"]
        open_orders: list[str] = []
        while self.events < self._wanted:
            if open_orders and random.random() < 0.5:
                yield self._advance(open_orders)
            else:
                customer = random.choice(customers)
                open_orders.append(self._id("ord", slot_of(customer)))
                yield self._place(open_orders[-1], customer, random.sample(products, LINES))

    def _opening(self) -> Iterator[Commit]:
        random, at_hand = self._random, max(self._wanted // 200, 2)
        customers = [self._id("cus", random.randrange(SLOTS)) for _ in range(at_hand)]
        products = [self._id("prd", CATALOGUE_SLOT) for _ in range(max(4 * at_hand, 40))]
        for n, id in enumerate(customers):
            name = f"{random.choice(WORDS)} {random.choice(WORDS)} {n}".title()
            yield self._commit((id, CustomerRegistered(name=name, email=f"customer{n}@example.com")))
        for n, id in enumerate(products):
            yield self._commit((id, self._product(n)))

    def _product(self, number: int) -> ProductAdded:
        one, another = self._random.sample(WORDS, 2)
        return ProductAdded(
            sku=f"SKU-{number}",
            name=f"{one} {another} {number}".capitalize(),
            description="As good as it looks.",
            category=self._random.choice(WORDS[:8]).title(),
            price=self._random.randrange(100, 9_000),
            currency=CURRENCY,
            stock=STOCK,
        )

    def _place(self, id: str, customer_id: str, products: list[str]) -> Commit:
        placed = self._placed(customer_id, products)
        reserved = ((line.product_id, StockReserved(order_id=id, quantity=line.quantity)) for line in placed.lines)
        return self._commit((id, placed), *reserved)

    def _placed(self, customer_id: str, products: list[str]) -> OrderPlaced:
        lines = tuple(
            Line(
                product_id=product_id,
                sku=self.states[product_id].sku,
                name=self.states[product_id].name,
                quantity=self._random.randint(1, 3),
                unit_price=self.states[product_id].price,
            )
            for product_id in products
        )
        return OrderPlaced(
            customer_id=customer_id,
            lines=lines,
            total=sum(line.quantity * line.unit_price for line in lines),
            currency=CURRENCY,
            shipping_address=ShippingAddress(**ADDRESS),
            confirm_by=_NEVER,
        )

    def _advance(self, open_orders: list[str]) -> Commit:
        """The next step of one of them, which leaves the list where it is the last."""
        at = self._random.randrange(len(open_orders))
        order = self.states[open_orders[at]]
        id, customer_id = order.id, order.customer_id
        is_last = order.status.value == "SHIPPED"
        if order.status.value == "PLACED" and self._random.random() < 0.1:
            is_last = True
            cancelled = OrderCancelled(customer_id=customer_id, reason="OTHER")
            back = ((line.product_id, StockReleased(order_id=id, quantity=line.quantity)) for line in order.lines)
            commit = self._commit((id, cancelled), *back)
        else:
            step = {
                "PLACED": OrderConfirmed(customer_id=customer_id),
                "CONFIRMED": OrderShipped(customer_id=customer_id, carrier="DHL", tracking_number=f"JD{self.events}"),
                "SHIPPED": OrderDelivered(customer_id=customer_id),
            }[order.status.value]
            commit = self._commit((id, step))
        if is_last:
            open_orders[at] = open_orders[-1]
            open_orders.pop()
        return commit

    def _commit(self, *events: tuple[str, Event]) -> Commit:
        self._now += timedelta(milliseconds=25)
        commit = []
        for ordinal, (id, event) in enumerate(events):
            state = _KINDS[id[:3]].evolve(id, self.states.get(id), event)  # type: ignore[index]
            self.states[id] = state
            if state.version == 1:
                self.created[id] = self._now
                self.ids[id[:3]].append(id)
            commit.append(Envelope(id, state.version, ordinal, self._now, "cmd_bench", "staff:bench", None, event))
        self.events += len(commit)
        return commit

    def _id(self, kind: Kind, slot: int) -> str:
        self._now += timedelta(milliseconds=1)
        return new_id(kind, slot, self._now, self._random.randbytes)


class Orders(Shop):
    """So many orders that were placed, and nothing that happened to them or their products since; to be read only.

    Their states are not kept, nor written: nobody asks for them, and there may be a million.
    """

    def history(self) -> Iterator[Commit]:
        yield from self._opening()
        while len(self.ids["ord"]) < self._wanted:
            customer = self._random.choice(self.ids["cus"])
            id = self._id("ord", slot_of(customer))
            yield self._commit((id, self._placed(customer, self._random.sample(self.ids["prd"], LINES))))
            del self.states[id], self.created[id]


def aggregate_documents(shop: Shop) -> Iterator[tuple[str, Document]]:
    """The stored state of every aggregate, after its history: collection and document."""
    for id, state in shop.states.items():
        aggregate = _KINDS[id[:3]]  # type: ignore[index]
        yield aggregate.collection, aggregate.to_document(state)


def write_shop(shop: Shop, mongodb_url: str, database: str) -> None:
    """Put journal and aggregates into an empty database: a relay that starts then publishes all of it."""
    with MongoClient[Document](mongodb_url) as client:
        target = client[database]
        events = (journal.to_document(envelope) for commit in shop.history() for envelope in commit)
        while part := list(islice(events, _AT_ONCE)):
            target["journal"].insert_many(part)
        by_collection: dict[str, list[Document]] = {}
        for collection, document in aggregate_documents(shop):
            by_collection.setdefault(collection, []).append(document)
        for collection, documents in by_collection.items():
            for start in range(0, len(documents), _AT_ONCE):
                target[collection].insert_many(documents[start : start + _AT_ONCE])
