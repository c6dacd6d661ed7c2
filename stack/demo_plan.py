"""The demo shop, before it happens: who registers, what is sold, the life of every order. The same each time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from write_model.contracts.orders import CancellationReason
from write_model.orders.address import Address

DAYS: Final = 60
ORDERS: Final = 300
_SEED: Final = 20

# Of 300 orders: those that are still young are in the early statuses.
_PLACED, _CONFIRMED, _SHIPPED, _CANCELLED = 12, 24, 36, 38

CATALOGUE: Final[dict[str, list[tuple[str, str, str]]]] = {
    "Coffee": [
        ("Espresso Roast Beans 1 kg", "18.90", "Dark and round, low in acid, for portafilters and moka pots."),
        ("Filter Roast Ethiopia 250 g", "11.50", "Light roast with notes of bergamot and apricot."),
        ("Decaf House Blend 500 g", "13.90", "Decaffeinated with water only."),
        ("Cold Brew Bags, pack of 12", "9.80", "Steep one bag in a litre of water overnight."),
        ("Pour-over Dripper, ceramic", "24.00", "Fits filters of size 02 and most mugs."),
        ("Paper Filters 02, pack of 100", "4.50", "Unbleached."),
        ("Hand Grinder, steel burrs", "89.00", "Thirty steps from espresso to French press."),
        ("Gooseneck Kettle 0.9 l", "64.90", "With a thermometer in the lid."),
        ("Milk Pitcher 350 ml", "17.90", "Stainless steel, pointed spout."),
        ("Espresso Cups, set of 4", "32.00", "Thick porcelain, 70 ml."),
    ],
    "Kitchen": [
        ("Chef's Knife 20 cm", "79.00", "Forged steel, full tang, for right and left hands."),
        ("Paring Knife 9 cm", "24.90", "For all that is too small for a chef's knife."),
        ("Cutting Board, oak", "39.00", "40 x 28 cm, with a juice groove."),
        ("Cast Iron Skillet 26 cm", "49.90", "Pre-seasoned; for every stove and the campfire."),
        ("Mixing Bowls, set of 3", "27.50", "Steel, with lids that fit."),
        ("Kitchen Scale, digital", "22.90", "To 5 kg in steps of one gram."),
        ("Silicone Spatula", "8.90", "Heat resistant to 230 °C."),
        ("Linen Tea Towels, set of 3", "21.00", "Dry without lint."),
        ("Pepper Mill, beech", "34.50", "Ceramic grinder, 18 cm."),
        ("Enamel Casserole 4 l", "99.00", "With lid, safe in ovens to 250 °C."),
    ],
    "Stationery": [
        ("Notebook A5, dotted", "12.90", "192 pages that take ink well."),
        ("Notebook A4, ruled", "15.90", "Lies flat when open."),
        ("Fountain Pen, fine nib", "38.00", "Takes cartridges and converters."),
        ("Gel Pens, pack of 5", "9.50", "0.5 mm, black."),
        ("Pencils HB, pack of 12", "7.20", "Cedar wood from managed forests."),
        ("Desk Pad, felt", "29.90", "70 x 35 cm."),
        ("Sticky Notes, pack of 6", "5.40", "76 x 76 mm, six colours."),
        ("Weekly Planner", "14.50", "Undated, 60 sheets to tear off."),
        ("Brass Ruler 20 cm", "16.00", "Grows more beautiful with use."),
        ("Envelopes C6, pack of 50", "6.90", "Recycled paper, self-sealing."),
    ],
    "Home": [
        ("Wool Blanket 140 x 200", "119.00", "Woven from new wool."),
        ("Scented Candle, cedar", "26.00", "Burns for about 45 hours."),
        ("Table Lamp, oak and linen", "84.00", "For E27 bulbs up to 40 W."),
        ("Wall Clock, silent", "45.00", "30 cm, no ticking."),
        ("Plant Pot 18 cm", "19.90", "Terracotta with saucer."),
        ("Storage Basket, seagrass", "33.50", "35 cm, with handles."),
        ("Cushion Cover 50 x 50", "22.00", "Washed cotton."),
        ("Door Mat, coir", "24.90", "60 x 40 cm."),
        ("Picture Frame A3", "28.00", "Ash wood and real glass."),
        ("Bath Towel 70 x 140", "25.50", "500 g/m² cotton."),
    ],
    "Outdoor": [
        ("Insulated Bottle 750 ml", "32.90", "Cold for a day, hot for half a day."),
        ("Daypack 22 l", "74.00", "With a rain cover."),
        ("Headlamp 400 lm", "39.90", "Charges by USB-C."),
        ("Camping Mug, enamel", "12.50", "350 ml."),
        ("Merino Socks", "18.90", "For hiking boots, sizes 36 to 47."),
        ("Pocket Knife", "42.00", "Eight tools, lanyard ring."),
        ("Picnic Blanket", "36.50", "Waterproof underside, 200 x 150 cm."),
        ("Trekking Poles, pair", "69.00", "Aluminium, 65 to 135 cm."),
        ("First Aid Kit", "23.90", "For two people and a week."),
        ("Dry Bag 20 l", "21.00", "Roll closure."),
    ],
    "Audio": [
        ("Over-ear Headphones", "149.00", "Closed, with a replaceable cable."),
        ("Wireless Earbuds", "99.00", "Six hours, and 24 with the case."),
        ("Bluetooth Speaker", "79.90", "Splash-proof, 12 hours."),
        ("Turntable", "249.00", "Belt drive, with a phono stage."),
        ("Record Brush, carbon", "14.90", "For before and after every side."),
        ("USB Microphone", "119.00", "Cardioid, with a mute button."),
        ("Headphone Stand, walnut", "35.00", "Holds one, dust-free."),
        ("Audio Cable 3.5 mm, 2 m", "11.90", "Braided."),
        ("Bookshelf Speakers, pair", "199.00", "Two-way, 60 W."),
        ("DAC, USB-C", "59.00", "For phones without a socket."),
    ],
}  # fmt: skip

CUSTOMERS: Final[list[tuple[str, str, str, str, str]]] = [
    ("Anna Schneider", "Lindenstraße 14", "Berlin", "10969", "DE"),
    ("Lukas Weber", "Marktplatz 3", "Leipzig", "04109", "DE"),
    ("Marie Dubois", "12 rue des Lilas", "Lyon", "69003", "FR"),
    ("Julien Moreau", "45 avenue Foch", "Nantes", "44000", "FR"),
    ("Sofia Rossi", "Via Garibaldi 21", "Torino", "10122", "IT"),
    ("Matteo Bianchi", "Corso Italia 8", "Bologna", "40124", "IT"),
    ("Lucía Fernández", "Calle Mayor 33", "Madrid", "28013", "ES"),
    ("Javier Ortega", "Carrer de Mallorca 210", "Barcelona", "08008", "ES"),
    ("Emma de Vries", "Prinsengracht 512", "Amsterdam", "1017 KH", "NL"),
    ("Daan Jansen", "Oudegracht 88", "Utrecht", "3511 AV", "NL"),
    ("Zofia Kowalska", "ul. Długa 17", "Kraków", "31-147", "PL"),
    ("Jan Nowak", "ul. Piękna 5", "Warszawa", "00-539", "PL"),
    ("Freja Nielsen", "Vestergade 40", "Aarhus", "8000", "DK"),
    ("Elin Andersson", "Storgatan 9", "Göteborg", "411 24", "SE"),
    ("Aoife Murphy", "18 Baggot Street", "Dublin", "D02 Y754", "IE"),
    ("Katharina Huber", "Mariahilfer Straße 77", "Wien", "1060", "AT"),
    ("Inês Carvalho", "Rua Augusta 150", "Lisboa", "1100-053", "PT"),
    ("Petra Nováková", "Vinohradská 60", "Praha", "120 00", "CZ"),
    ("Nikos Papadopoulos", "Ermou 24", "Athina", "105 63", "GR"),
    ("Mikko Virtanen", "Aleksanterinkatu 30", "Helsinki", "00100", "FI"),
]

_CARRIERS: Final = ("DHL", "DPD", "GLS", "UPS")
_REASONS: Final[tuple[CancellationReason, ...]] = (
    *("CUSTOMER_REQUEST", "CUSTOMER_REQUEST", "CUSTOMER_REQUEST", "PAYMENT_FAILED", "PAYMENT_FAILED"),
    *("FRAUD", "OTHER"),
)


@dataclass(frozen=True)
class ProductPlan:
    sku: str
    name: str
    description: str
    category: str
    price: str
    stock: int
    added_at: datetime


@dataclass(frozen=True)
class CustomerPlan:
    name: str
    email: str
    address: Address
    registered_at: datetime


@dataclass(frozen=True)
class Shipping:
    carrier: str
    tracking_number: str
    at: datetime


@dataclass(frozen=True)
class OrderPlan:
    """An order's life; None for what never comes. `customer` and the products in `lines` count from 0."""

    customer: int
    lines: tuple[tuple[int, int], ...]
    placed_at: datetime
    confirmed_at: datetime | None = None
    shipping: Shipping | None = None
    delivered_at: datetime | None = None
    cancelled: tuple[datetime, CancellationReason] | None = None

    @property
    def steps(self) -> int:
        """Commands that its life takes."""
        later = (self.confirmed_at, self.shipping, self.delivered_at, self.cancelled)
        return 1 + sum(step is not None for step in later)


@dataclass(frozen=True)
class Plan:
    """All of it; `orders` by the time at which they are placed."""

    customers: list[CustomerPlan]
    products: list[ProductPlan]
    orders: list[OrderPlan]

    @property
    def steps(self) -> int:
        """Commands altogether."""
        return len(self.customers) + len(self.products) + sum(order.steps for order in self.orders)


def make_plan(now: datetime) -> Plan:
    """The shop as it will stand at `now`, with its first order almost 60 days before."""
    chance = random.Random(_SEED)
    opening = now - timedelta(days=DAYS + 1)
    products = list(_products(chance, opening))
    orders = _orders(chance, now, [product.stock for product in products])
    return Plan(list(_customers(chance, opening)), products, orders)


def _products(chance: random.Random, opening: datetime) -> Iterator[ProductPlan]:
    number = 0
    for category, items in CATALOGUE.items():
        for name, price, description in items:
            number += 1
            yield ProductPlan(
                sku=f"{category[:3].upper()}-{1000 + number}",
                name=name,
                description=description,
                category=category,
                price=price,
                stock=chance.choice((40, 80, 120, 250)),
                added_at=opening + timedelta(minutes=number),
            )


def _customers(chance: random.Random, opening: datetime) -> Iterator[CustomerPlan]:
    for name, street, city, postal_code, country in CUSTOMERS:
        local = ".".join(name.lower().translate(_PLAIN).split())
        address = Address(recipient=name, street=street, city=city, postal_code=postal_code, country_code=country)
        registered_at = opening + timedelta(seconds=chance.randrange(3600, 20 * 3600))
        yield CustomerPlan(name, f"{local}@example.com", address, registered_at)


def _orders(chance: random.Random, now: datetime, stock: list[int]) -> list[OrderPlan]:
    ages = _ages(chance)
    cancelled = set(chance.sample(range(_PLACED + _CONFIRMED + _SHIPPED, ORDERS), _CANCELLED))
    orders: list[OrderPlan] = []
    for rank, age in enumerate(ages):  # the youngest first
        placed_at = now - age
        customer, lines = _pick(chance, range(len(CUSTOMERS))), _lines(chance, stock)
        confirmed_at = placed_at + timedelta(seconds=chance.randrange(60, 1500))
        shipped_at = placed_at + timedelta(seconds=chance.randrange(10 * 3600, 30 * 3600))
        delivered_at = shipped_at + timedelta(seconds=chance.randrange(20 * 3600, 72 * 3600))
        shipping = Shipping(chance.choice(_CARRIERS), str(chance.randrange(10**11, 10**12)), shipped_at)
        reason, late = chance.choice(_REASONS), chance.random() < 0.5
        order = OrderPlan(customer, lines, placed_at)
        if rank in cancelled:
            cancelled_at = placed_at + timedelta(seconds=chance.randrange(1800, 9 * 3600))
            order = OrderPlan(
                customer, lines, placed_at, confirmed_at if late else None, cancelled=(cancelled_at, reason)
            )
        elif rank >= _PLACED + _CONFIRMED + _SHIPPED:
            order = OrderPlan(customer, lines, placed_at, confirmed_at, shipping, delivered_at)
        elif rank >= _PLACED + _CONFIRMED:
            order = OrderPlan(customer, lines, placed_at, confirmed_at, shipping)
        elif rank >= _PLACED:
            order = OrderPlan(customer, lines, placed_at, confirmed_at)
        orders.append(order)
    return orders[::-1]


def _ages(chance: random.Random) -> list[timedelta]:
    """How long ago the orders are placed, ascending: minutes, up to half a day, days, and the rest of the 60 days."""

    def ages(number: int, shortest: timedelta, longest: timedelta) -> list[timedelta]:
        low, high = int(shortest.total_seconds() * 1000), int(longest.total_seconds() * 1000)
        return sorted(timedelta(milliseconds=chance.randrange(low, high)) for _ in range(number))

    hours = timedelta(hours=1)
    return [
        *ages(_PLACED, timedelta(seconds=5), timedelta(minutes=8)),
        *ages(_CONFIRMED, timedelta(minutes=30), 20 * hours),
        *ages(_SHIPPED, 31 * hours, 48 * hours),
        *ages(ORDERS - _PLACED - _CONFIRMED - _SHIPPED, 103 * hours, 24 * DAYS * hours),
    ]


def _lines(chance: random.Random, stock: list[int]) -> tuple[tuple[int, int], ...]:
    """One to four products with up to three units each, of what is left; takes them out of the stock."""
    lines: dict[int, int] = {}
    for _ in range(chance.choice((1, 1, 2, 2, 3, 4))):
        product = _pick(chance, range(len(stock)))
        quantity = min(chance.choice((1, 1, 1, 2, 3)), stock[product])
        if product not in lines and quantity:
            lines[product] = quantity
            stock[product] -= quantity
    return tuple(lines.items()) or _lines(chance, stock)


def _pick(chance: random.Random, choices: range) -> int:
    """One of them, the low ones more often: a shop has regulars and best sellers."""
    return choices[int(len(choices) * chance.random() ** 1.6)]


_PLAIN: Final = str.maketrans("áäéêíñóöúüłńąęśćźżÅåšřěčýůø", "aaeeinoouulnaesczzaasrecyuo")
