"""Every query of the contract with arguments drawn at random, and what the naive model answers to each."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.journeys.documents import document
from tests.journeys.histories import AMOUNTS, CATEGORIES
from tests.journeys.naive import lists, views
from tests.journeys.naive.shop import Shop
from tests.journeys.naive.views import Json
from tests.read_model.naive_catalogue import words

MOST_WORDS: Final = 8
"""Of a search."""
STAFF: Final = "staff:staff"
"""Who the tests' members of staff are, in events."""
CALLED: Final = {"cus": "Customer", "prd": "Product", "ord": "Order"}


@dataclass(frozen=True)
class Question:
    """A query and its one right answer; who asks is a customer's id, or None: staff."""

    path: tuple[str, ...]
    variables: Mapping[str, Any]
    expected: Any
    caller: str | None = None
    of: str | None = None

    @property
    def document(self) -> str:
        return document(*self.path, of=self.of)


@dataclass(frozen=True)
class Listing:
    """A list of which any page may be asked for, by the indexes of the nodes that cursors name."""

    path: tuple[str, ...]
    variables: Mapping[str, Any]
    nodes: Sequence[Json]
    caller: str | None = None

    def page(self, cursors: Mapping[int, str], **asked: int | None) -> Question:
        """The page `first`, `after`, `last`, `before`."""
        named = {name: cursors[value] if name in ("after", "before") and value is not None else value
                 for name, value in asked.items()}  # fmt: skip
        expected: Any = lists.page(self.nodes, **asked)
        for name in self.path[:0:-1]:
            expected = {name: expected}
        return Question(self.path, {**self.variables, **named}, expected, self.caller)


@dataclass
class Curiosity:
    """Makes up questions about a shop, the same for the same seed."""

    shop: Shop
    seed: int
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def single_things(self) -> Iterator[Question]:
        """Everything by its id, for staff and for customers; and what there is not."""
        shop, callers = self.shop, [None, *self.shop.customers]
        kinds: tuple[tuple[str, str, Mapping[str, Any], Callable[[Shop, Any], Json]], ...] = (
            ("customer", "cus", shop.customers, views.customer),
            ("product", "prd", shop.products, views.product),
            ("order", "ord", shop.orders, views.order),
        )
        for name, kind, there, view in kinds:
            for id, it in (*there.items(), (f"{kind}_{'0' * 28}", None)):
                for caller in dict.fromkeys((None, self.rng.choice(callers))):
                    owner = None if kind == "prd" or it is None else id if kind == "cus" else it.customer_id
                    is_shown = it is not None and (caller is None or owner in (None, caller))
                    expected = view(shop, it) if is_shown else None
                    yield Question((name,), {"id": id}, expected, caller)
                    if self.rng.random() < 0.3:
                        yield Question(("node",), {"id": id}, expected, caller, of=CALLED[kind])
        for caller in callers:
            expected = views.customer(shop, shop.customers[caller]) if caller else None
            yield Question(("me",), {}, expected, caller)

    def queued_commands(self) -> Iterator[Question]:
        """Each by its id, for staff, who sent them all, and for somebody else."""
        for id, it in self.shop.commands.items():
            yield Question(("command",), {"id": id}, views.command(it) if it.sender == STAFF else None)
            yield Question(("command",), {"id": id}, None, self._customer())

    def reports(self) -> Iterator[Question]:
        """What is counted and ranked over everything."""
        shop, rng = self.shop, self.rng
        yield Question(("categories",), {}, lists.categories(shop))
        yield Question(("orderCounts",), {}, lists.order_counts(shop))
        for first in {0, 1, 10, 100, rng.randint(2, 7)}:
            yield Question(("topProducts",), {"first": first}, lists.top_products(shop, first))
        yield Question(("topProducts",), {}, lists.top_products(shop))
        days = [self._moment().date() for _ in range(8)]
        for first_day, last_day in (sorted(rng.sample(days, 2)) for _ in range(4)):
            variables = {"from": first_day.isoformat(), "to": last_day.isoformat()}
            yield Question(("salesByDay",), variables, lists.sales_by_day(shop, first_day, last_day))
        everything = {"from": min(days) - timedelta(300), "to": min(days) + timedelta(65)}
        yield Question(
            ("salesByDay",),
            {name: day.isoformat() for name, day in everything.items()},
            lists.sales_by_day(shop, *everything.values()),
        )

    def orders(self) -> Listing:
        """The orders of the shop or of a customer, filtered in some way, as somebody sees them."""
        rng = self.rng
        filter = self._some(
            customerId=self._customer,
            status=self._status,
            createdFrom=self._moment_text,
            createdBefore=self._moment_text,
        )
        order_by, caller = self._order_order(), rng.choice((None, None, self._customer()))
        return Listing(
            ("orders",),
            self._variables(filter=filter, orderBy=order_by),
            lists.orders(self.shop, filter, order_by or "NEWEST", caller=caller),
            caller,
        )

    def orders_of_a_customer(self) -> Listing:
        """The same through a customer, or through themselves."""
        filter, order_by, customer_id = self._some(status=self._status), self._order_order(), self._customer()
        nodes = lists.orders(self.shop, filter, order_by or "NEWEST", caller=customer_id)
        variables = self._variables(filter=filter, orderBy=order_by)
        if self.rng.random() < 0.3:
            return Listing(("me", "orders"), variables, nodes, customer_id)
        caller = self.rng.choice((None, customer_id))
        return Listing(("customer", "orders"), {"id": customer_id, **variables}, nodes, caller)

    def products(self) -> Listing:
        filter = self._some(
            category=lambda: self.rng.choice((*CATEGORIES, "None")),
            minPrice=self._amount,
            maxPrice=self._amount,
            inStock=lambda: self.rng.choice((True, False, None)),
            includeDiscontinued=lambda: self.rng.choice((True, True, False, None)),
        )
        texts = [text for it in self.shop.products.values() for text in (it.name, it.sku, it.category)]
        search = self._search(texts)
        order_by = self.rng.choice((None, "NAME", "NEWEST", "PRICE_LOW_TO_HIGH", "PRICE_HIGH_TO_LOW", "BEST_SELLING"))
        return Listing(
            ("products",),
            self._variables(search=search, filter=filter, orderBy=order_by),
            lists.products(self.shop, search, filter, order_by or "NAME"),
            self.rng.choice((None, self._customer())),
        )

    def customers(self) -> Listing:
        search = self._search([text for it in self.shop.customers.values() for text in (it.name, it.email)])
        return Listing(("customers",), self._variables(search=search), lists.customers(self.shop, search))

    def orders_of_many_customers(self) -> Iterator[Question]:
        """The beginnings of lists below a list."""
        for first, of_each in ((100, 2), (3, 0), (2, None)):
            status, order_by = self.rng.choice((None, self._status())), self.rng.choice(("NEWEST", "OLDEST"))
            nodes = [
                {
                    "orders": lists.page(
                        lists.orders(self.shop, {"status": status}, order_by, caller=it["id"]), first=of_each
                    )
                }
                for it in lists.customers(self.shop)[:first]
            ]
            filter = {"status": status} if status else None
            variables = {"first": first, "filter": filter, "orderBy": order_by, "orders_first": of_each}
            yield Question(("customers", "nodes", "orders"), variables, {"nodes": nodes})

    def listings(self, rounds: int) -> Iterator[Listing]:
        """So many of each kind; those that can be narrowed in more ways come more often."""
        for _ in range(rounds):
            yield self.customers()
            yield self.orders_of_a_customer()
            yield from (self.orders() for _ in range(3))
            yield from (self.products() for _ in range(4))

    def first_pages(self, rounds: int) -> Iterator[tuple[Listing, dict[str, int]]]:
        """Lists, and how much of the beginning or the end to ask for."""
        for listing in self.listings(rounds):
            yield listing, self.rng.choice(({}, {}, {"first": 100}, {"first": 3}, {"last": 3}, {"last": 100}))

    def _variables(self, **given: Any) -> dict[str, Any]:
        """What is None is left out, or said to be null where that means the same."""
        return {
            name: value
            for name, value in given.items()
            if value is not None or (name != "orderBy" and self.rng.random() < 0.3)
        }

    def _some(self, **choices: Callable[[], Any]) -> dict[str, Any] | None:
        """Some of the filter's fields; no filter at all now and then."""
        if self.rng.random() < 0.2:
            return None
        return {name: choose() for name, choose in choices.items() if self.rng.random() < 0.35}

    def _customer(self) -> str:
        return self.rng.choice(list(self.shop.customers))

    def _status(self) -> str:
        return self.rng.choice(lists.STATUSES)

    def _order_order(self) -> str | None:
        return self.rng.choice((None, "NEWEST", "OLDEST"))

    def _moment(self) -> datetime:
        """When something was created, or about then."""
        moments = [it.created_at for it in self.shop.orders.values()]
        moments += [it.registered_at for it in self.shop.customers.values()]
        milliseconds = self.rng.choice((-86_400_000, -1, 0, 0, 1, 3_600_000))
        return self.rng.choice(moments) + timedelta(milliseconds=milliseconds)

    def _moment_text(self) -> str:
        moment = self._moment()
        if self.rng.random() < 0.3:
            return (moment + timedelta(hours=2)).isoformat(timespec="milliseconds") + "+02:00"
        return moment.isoformat(timespec="milliseconds") + "Z"

    def _amount(self) -> str:
        prices = [f"{it.price:.2f}" for it in self.shop.products.values()]
        return self.rng.choice((*prices, *AMOUNTS, "0.005", "20.005", "-1"))

    def _search(self, texts: Sequence[str]) -> str | None:
        """Beginnings of words that there are, in any case; now and then of none that there is."""
        rng = self.rng
        if rng.random() < 0.25:
            return rng.choice((None, "", "  ", "-"))
        asked = []
        for text in rng.sample(texts, k=min(len(texts), rng.choice((1, 1, 2)))):
            word = rng.choice(words(text))
            asked.append(rng.choice((word, word[: rng.randint(1, 3)], word.upper(), text, f"{word}x")))
        both = " ".join(asked)
        return both if len(set(words(both))) <= MOST_WORDS else asked[0]
