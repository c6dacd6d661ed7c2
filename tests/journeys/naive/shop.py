"""What happened, as the journal tells it: customers, products and orders as they stand after it all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Document = Mapping[str, Any]


@dataclass
class Customer:
    id: str
    name: str
    email: str
    registered_at: datetime
    status: str = "ACTIVE"
    version: int = 1


@dataclass
class Product:
    """`delivered` are all units that ever came in."""

    id: str
    sku: str
    name: str
    description: str
    category: str
    price: Decimal
    currency: str
    delivered: int
    added_at: datetime
    status: str = "ACTIVE"
    version: int = 1


@dataclass
class Line:
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Decimal


@dataclass
class StatusChange:
    version: int
    previous: str | None
    status: str
    at: datetime


@dataclass
class Order:
    id: str
    customer_id: str
    currency: str
    created_at: datetime
    updated_at: datetime
    status: str | None = None
    version: int = 0
    lines: dict[str, Line] = field(default_factory=dict)
    placed_at: datetime | None = None
    address: Document | None = None
    shipment: tuple[str, str, datetime] | None = None
    reason: str | None = None
    timeline: list[StatusChange] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((line.quantity * line.unit_price for line in self.lines.values()), Decimal())

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines.values())

    @property
    def is_sold(self) -> bool:
        """Whether it counts: it was placed, and not cancelled."""
        return self.placed_at is not None and self.status != "CANCELLED"


@dataclass
class Command:
    """A command that was queued."""

    id: str
    name: str
    sender: str
    queued_at: datetime
    status: str = "QUEUED"
    settled_at: datetime | None = None
    result: tuple[str, int] | None = None
    refusals: list[Document] = field(default_factory=list)
    version: int = 1


@dataclass
class Shop:
    """Everything by id; products in the order in which they were added."""

    currency: str
    customers: dict[str, Customer] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)

    @classmethod
    def after(cls, journal: Iterable[Document], currency: str) -> "Shop":
        """The shop after the journal's documents, which come as they were inserted; ValueError for an unknown event."""
        shop = cls(currency)
        # Stable: of each version, what came first stays first.
        for document in sorted(journal, key=lambda document: int(document["version"])):
            shop.happened(document)
        return shop

    def happened(self, document: Document) -> None:
        id, version, at = document["aggregate_id"], document["version"], document["occurred_at"]
        match id[:3]:
            case "cus":
                self._customer(id, document["type"], document["data"], at)
                changed: Customer | Product | Order | Command = self.customers[id]
            case "prd":
                self._product(id, document["type"], document["data"], at)
                changed = self.products[id]
            case "ord":
                self._order(id, version, document["type"], document["data"], at)
                changed = self.orders[id]
            case "cmd":
                self._command(id, document)
                changed = self.commands[id]
            case kind:
                raise ValueError(f"the naive model knows nothing of {kind}")
        changed.version = version

    def _command(self, id: str, document: Document) -> None:
        data, at = document["data"], document["occurred_at"]
        if document["type"] == "CommandQueued":
            self.commands[id] = Command(id, data["name"], document["actor"], at)
            return
        command = self.commands[id]
        command.settled_at = at
        match document["type"]:
            case "CommandCommitted":
                command.status, command.result = "COMMITTED", (data["result_id"], data["result_version"])
            case "CommandRejected":
                command.status, command.refusals = "REJECTED", data["refusals"]
            case type_name:
                raise ValueError(f"the naive model does not know {type_name}")

    def _customer(self, id: str, type_name: str, data: Document, at: datetime) -> None:
        match type_name:
            case "CustomerRegistered":
                self.customers[id] = Customer(id, data["name"], data["email"], at)
            case "CustomerProfileUpdated":
                self.customers[id].name, self.customers[id].email = data["name"], data["email"]
            case "CustomerDeactivated":
                self.customers[id].status = "DEACTIVATED"
            case "CustomerReactivated":
                self.customers[id].status = "ACTIVE"
            case _:
                raise ValueError(f"the naive model does not know {type_name}")

    def _product(self, id: str, type_name: str, data: Document, at: datetime) -> None:
        match type_name:
            case "ProductAdded":
                self.products[id] = Product(
                    id, data["sku"], data["name"], data["description"], data["category"],
                    _amount(data["price"]), data["currency"], data["stock"], at,
                )  # fmt: skip
            case "ProductDetailsUpdated":
                product = self.products[id]
                product.name, product.description, product.category = (
                    data["name"],
                    data["description"],
                    data["category"],
                )
            case "ProductPriceChanged":
                self.products[id].price = _amount(data["price"])
            case "ProductRestocked":
                self.products[id].delivered += data["quantity"]
            case "ProductDiscontinued":
                self.products[id].status = "DISCONTINUED"
            case "StockReserved" | "StockReleased":
                pass  # The orders say which units were taken, and which came back.
            case _:
                raise ValueError(f"the naive model does not know {type_name}")

    def _order(self, id: str, version: int, type_name: str, data: Document, at: datetime) -> None:
        if id not in self.orders:
            self.orders[id] = Order(id, data["customer_id"], data["currency"], created_at=at, updated_at=at)
        order = self.orders[id]
        order.updated_at = at
        status = {
            "OrderCreated": "DRAFT",
            "OrderPlaced": "PLACED",
            "OrderConfirmed": "CONFIRMED",
            "OrderShipped": "SHIPPED",
            "OrderDelivered": "DELIVERED",
            "OrderCancelled": "CANCELLED",
        }.get(type_name)
        if status:
            order.timeline.append(StatusChange(version, order.status, status, at))
            order.status = status
        match type_name:
            case "OrderItemAdded":
                line = _line(data["line"])
                order.lines[line.product_id] = line
            case "OrderItemQuantityChanged":
                order.lines[data["product_id"]].quantity = data["quantity"]
            case "OrderItemRemoved":
                del order.lines[data["product_id"]]
            case "OrderPlaced":
                order.lines = {line["product_id"]: _line(line) for line in data["lines"]}
                order.placed_at, order.address = at, data["shipping_address"]
            case "OrderShipped":
                order.shipment = (data["carrier"], data["tracking_number"], at)
            case "OrderCancelled":
                order.reason = data["reason"]
            case _ if status is None:
                raise ValueError(f"the naive model does not know {type_name}")

    def orders_of(self, customer_id: str) -> list[Order]:
        return [order for order in self.orders.values() if order.customer_id == customer_id]

    def units_sold(self, product_id: str) -> int:
        """Units in orders that were placed and not cancelled."""
        return sum(
            order.lines[product_id].quantity
            for order in self.orders.values()
            if order.is_sold and product_id in order.lines
        )


def _amount(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def _line(data: Document) -> Line:
    return Line(data["product_id"], data["sku"], data["name"], data["quantity"], _amount(data["unit_price"]))
