"""Random histories of a shop: mutations with their inputs, sensible ones and ones that are refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.system import ADDRESS

NAMES: Final = (
    "Ada Lovelace", "ada lovelace", "Ádá King", "Zoë Müller", "ZOE MULLER", "Jean-Luc Ångström", "Straße Nr. 9",
    "STRASSE", "Ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ", "O’Brien", "ﬁona Finn", "İpek", "Łukasz", "李小龙", "x_y.z 2026", "Ada",  # noqa: RUF001
)  # fmt: skip
WARES: Final = (
    "Green tea", "green Tea", "GRÜNER TEE", "Gruner Tee", "Crème brûlée", "creme-brulee 20", "Tee_kanne", "Teapot",
    "Straßenlampe", "STRASSENLAMPE", "東京 lamp", "ℌof lamp", "lamp 2026", "Tea", "tea towel (2)",  # noqa: RUF001
)  # fmt: skip
CATEGORIES: Final = ("Tea", "tea", "Möbel", "Mobel", "Food & Drink", "9", "Éclairage")
SKUS: Final = ("TEA", "tea", "Möb", "L-9", "2026")
DOMAINS: Final = ("example.com", "Example.org", "tea.example.net")
AMOUNTS: Final = (
    "0",
    "0.01",
    "0.10",
    "1",
    "4.5",
    "4.50",
    "19.90",
    "19.99",
    "20",
    "20.01",
    "333.33",
    "1234.56",
    "1000000",
)
REASONS: Final = ("CUSTOMER_REQUEST", "PAYMENT_FAILED", "EXPIRED", "FRAUD", "OTHER")


@dataclass(frozen=True)
class Latest:
    """The id of what was made so many before the last of its kind; of nothing where nothing was."""

    kind: str
    back: int = 0

    def __repr__(self) -> str:
        return f"{self.kind}-{self.back}"


@dataclass(frozen=True)
class Step:
    """A mutation; `repeated` sends it a second time, with the same idempotency key."""

    mutation: str
    input: Mapping[str, Any]
    repeated: bool = False

    def __repr__(self) -> str:
        return f"{self.mutation}({_brief(self.input)}){' twice' * self.repeated}"


@dataclass(frozen=True)
class Burst:
    """Steps one after the other, or all at once."""

    steps: tuple[Step, ...]
    at_once: bool = False

    def __repr__(self) -> str:
        joint = "\n    & " if self.at_once else "\n    "
        return "\n    " + joint.join(map(repr, self.steps))


@dataclass(frozen=True)
class History:
    """What happened in days that are gone, each burst so long after the one before; then what happens now."""

    past: tuple[tuple[timedelta, Burst], ...]
    present: tuple[Burst, ...]

    def __repr__(self) -> str:
        past = "".join(f"\n  {pause} later:{burst!r}" for pause, burst in self.past)
        return f"{past}\n  now:{''.join(map(repr, self.present))}\n"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """As it is: Hypothesis would print every dataclass in its own way."""
        printer.text(repr(self))


def _brief(value: Any) -> str:
    """What matters of an input."""
    if isinstance(value, Mapping):
        if "city" in value:
            return f"to {value['city']} {value['countryCode']}"
        return ", ".join(f"{name}: {_brief(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return f"[{'; '.join(map(_brief, value))}]"
    return repr(value)


Strategies = Mapping[str, st.SearchStrategy[Any]]

# Whoever comes late is met most: an order just opened, a product just added.
_customer = st.builds(Latest, st.just("cus"), st.integers(0, 5))
_product = st.builds(Latest, st.just("prd"), st.integers(0, 7))
_order = st.builds(Latest, st.just("ord"), st.integers(0, 9))
_names = st.sampled_from(NAMES)
_wares = st.sampled_from(WARES)
_categories = st.sampled_from(CATEGORIES)
_emails = st.builds(
    lambda who, n, domain: f"{who}.{n}@{domain}",
    st.sampled_from(("ada", "zoe", "Finn")), st.integers(0, 20), st.sampled_from(DOMAINS),
)  # fmt: skip
_skus = st.builds(lambda word, n: f"{word}-{n}", st.sampled_from(SKUS), st.integers(0, 40))
# Some are refused for their shape.
_quantities = st.sampled_from((*range(1, 10),) * 3 + (10, 0, 10_001))
_prices = st.builds(
    lambda amount, currency: {"amount": amount, "currencyCode": currency},
    st.sampled_from(AMOUNTS * 2 + ("0.001",)) | st.integers(0, 9999).map(lambda n: f"{n // 100}.{n % 100:02}"),
    st.sampled_from(("EUR",) * 20 + ("USD",)),
)
_lines = st.lists(st.fixed_dictionaries({"productId": _product, "quantity": _quantities}), min_size=1, max_size=4)
_addresses = st.sampled_from((
    *(ADDRESS, {**ADDRESS, "city": "Zürich", "countryCode": "CH"}) * 5, {**ADDRESS, "countryCode": "x"}
))  # fmt: skip


def _step(name: str, optional: Strategies | None = None, /, **input: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    """The mutation with these fields of its input, and perhaps with the optional ones."""
    inputs = st.fixed_dictionaries(input, optional=optional or {})
    return st.builds(Step, st.just(name), inputs, st.sampled_from((False, False, False, False, True)))


_REGISTER = _step("registerCustomer", name=_names, email=_emails)
_ADD = _step(
    "addProduct",
    {"description": st.sampled_from(("", "From Uji.\nFirst flush.", 'Zwölf "Stück" \\'))},
    sku=_skus, name=_wares, category=_categories, price=_prices, initialStock=st.sampled_from((1000, 100, 20, 7, 0)),
)  # fmt: skip
_RENAME = _step("updateCustomerProfile", {"name": _names, "email": _emails}, customerId=_customer)
_PLACE = _step("placeOrder", customerId=_customer, lines=_lines, shippingAddress=_addresses)
_OPEN = _step("createOrder", customerId=_customer)
_PUT = _step("addOrderItem", orderId=_order, productId=_product, quantity=_quantities)
_CANCEL = _step("cancelOrder", orderId=_order, reason=st.sampled_from(REASONS))
_SHIP = _step("shipOrder", orderId=_order, carrier=st.just("DHL"), trackingNumber=st.sampled_from(("T-1", "T-2")))

STEPS: Final = st.one_of(
    _REGISTER,
    _RENAME,
    _RENAME,
    _step("deactivateCustomer", customerId=_customer),
    _step("reactivateCustomer", customerId=_customer),
    _ADD,
    _ADD,
    _step("updateProductDetails", {"name": _wares, "category": _categories}, productId=_product),
    _step("changeProductPrice", {"expectedVersion": st.integers(1, 4)}, productId=_product, price=_prices),
    _step("restockProduct", productId=_product, quantity=st.integers(1, 9)),
    _step("discontinueProduct", productId=_product),
    _PLACE,
    _PLACE,
    _PLACE,
    _OPEN,
    _PUT,
    _PUT,
    _step("changeOrderItemQuantity", orderId=_order, productId=_product, quantity=_quantities),
    _step("removeOrderItem", orderId=_order, productId=_product),
    _step("submitOrder", orderId=_order, shippingAddress=_addresses),
    _step("confirmOrder", orderId=_order),
    _SHIP,
    _step("deliverOrder", orderId=_order),
    _CANCEL,
    _CANCEL,
)


@st.composite
def _lives(draw: st.DrawFn) -> Burst:
    """An order's life, or its beginning: placed at once or by way of a basket, and then as far as it goes."""
    order = Latest("ord")
    begun = [draw(_PLACE)]
    if draw(st.booleans()):
        items = draw(st.lists(_lines.map(lambda lines: lines[0]), min_size=1, max_size=4))
        begun = [draw(_OPEN), *(Step("addOrderItem", {"orderId": order, **item}) for item in items)]
        # Prices and names are those of the moment at which the basket is submitted.
        if draw(st.booleans()):
            begun.append(Step("changeProductPrice", {"productId": items[0]["productId"], "price": draw(_prices)}))
        if draw(st.booleans()):
            begun.append(Step("updateProductDetails", {"productId": items[-1]["productId"], "name": draw(_wares)}))
        begun.append(Step("submitOrder", {"orderId": order, "shippingAddress": ADDRESS}))
    rest = [
        Step("confirmOrder", {"orderId": order}),
        Step("shipOrder", {"orderId": order, "carrier": "DPD", "trackingNumber": "T-3"}),
        Step("deliverOrder", {"orderId": order}),
    ][: draw(st.integers(0, 3))]
    if draw(st.booleans()):
        rest.append(Step("cancelOrder", {"orderId": order, "reason": draw(st.sampled_from(REASONS))}))
    return Burst((*begun, *rest))


# Hypothesis tries the first of each choice first: a shop that sells.
_BURSTS: Final = st.one_of(
    _lives(),
    st.builds(Burst, st.lists(STEPS, min_size=1, max_size=6).map(tuple), st.booleans()),
)
_PAUSES: Final = st.sampled_from(
    (timedelta(0), timedelta(milliseconds=1), timedelta(hours=5), timedelta(hours=11), timedelta(days=1))
)


def _beginning(customers: Iterable[Step], products: Iterable[Step]) -> Burst:
    return Burst((*customers, *products))


# Somebody to sell to, and something to sell.
_OPENINGS: Final = st.builds(
    _beginning,
    st.lists(_REGISTER, min_size=4, max_size=7, unique_by=lambda step: step.input["email"]),
    st.lists(_ADD, min_size=6, max_size=14, unique_by=lambda step: step.input["sku"]),
)


def histories(bursts: int) -> st.SearchStrategy[History]:
    """Histories of about as many bursts in the past, and as many now."""
    some = max(1, bursts // 2)
    past = st.lists(st.tuples(_PAUSES, _BURSTS), min_size=some, max_size=bursts)
    return st.builds(
        lambda opening, past, present: History(((timedelta(0), opening), *past), tuple(present)),
        _OPENINGS,
        past,
        st.lists(_BURSTS, min_size=some, max_size=bursts),
    )
