"""What is measured: the servers, the cases, and who answers which; all on one page."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from api.settings import ApiSettings
from tests.bench.shop import LINES, WORDS, Shop
from tests.system import ADDRESS

PEERS: Final = Path(__file__).parent / "peers"
NODE: Final = PEERS / "node"
POOL: Final = 250
"""Different requests that a case has."""
WRITE_EVERY: Final = 10
"""In a load of reads and writes."""


@dataclass(frozen=True, eq=False)
class Server:
    """A server that is compared; `what` tells readers what it is."""

    name: str
    what: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    good: re.Pattern[bytes] | None = None
    """What its answers have to contain instead of the case's."""

    @property
    def needs_node(self) -> bool:
        return self.command[0] == "node"

    @property
    def is_ours(self) -> bool:
        return "stack" in self.command


def _python(name: str, what: str, module: str, **environment: str) -> Server:
    return Server(name, what, (sys.executable, "-m", f"tests.bench.peers.{module}"), environment)


def _node(name: str, what: str, program: str, layout: str) -> Server:
    return Server(name, what, ("node", str(NODE / f"{program}.js"), layout))


_OUR_API: Final = (sys.executable, "-P", "-m", "stack", "api")
OURS: Final = Server(
    *(
        "orderstream",
        "this system's API, with token, limits, error masking, metrics, and every hundredth trace",
        _OUR_API,
    ),
    # The sockets of the largest audience, and those of the one before, which may still be closing.
    {"MAX_SOCKETS": "10000"},
)
DEFENDED: Final = Server(
    *("orderstream, throttling", "the same, where a client may have so much a second, by default", _OUR_API),
    {name: str(ApiSettings.model_fields[name.lower()].default) for name in ("THROTTLE_RATE", "THROTTLE_BURST")},
)
PAGES: Final = Server(
    *("orderstream, pages", "the same, with its pages for browsers", _OUR_API),
    dict.fromkeys(("GRAPHIQL", "GRAPHIQL_STAFF", "INTROSPECTION", "SHOP"), "1"),
)
ONE_BY_ONE: Final = Server(
    "orderstream, one by one", "the same, each command a transaction of its own", _OUR_API, {"COMMIT_BATCH": "1"}
)
CRUD: Final = _python("CRUD", "strawberry, motor, `$lookup` over normalised collections; a transaction a write", "crud")
CRUD_LOOSE: Final = _python(
    "CRUD, no transaction", "the same, a write being five single ones", "crud", TRANSACTIONS="0"
)
IDIOMATIC: Final = _python(
    "strawberry on our rows", "strawberry over the same Redis rows, one await a row", "idiomatic"
)
MERCURIUS: Final = _node("mercurius", "fastify, mercurius with JIT, ioredis, plain hashes", "mercurius", "plain")
MERCURIUS_ROWS: Final = _node("mercurius on our rows", "the same on this system's rows", "mercurius", "rows")
YOGA: Final = _node("yoga", "graphql-yoga, ioredis, plain hashes", "yoga", "plain")
RAW: Final = replace(_python("raw ASGI", "no GraphQL: uvicorn answers a constant", "raw"), good=re.compile(b"hello"))
RAW_READ: Final = _python("raw ASGI, one read", "the same, with the finished answer from Redis", "raw", READS="1")

_READERS: Final = (OURS, CRUD, IDIOMATIC, MERCURIUS, MERCURIUS_ROWS, YOGA, RAW, RAW_READ)
_WRITERS: Final = (OURS, ONE_BY_ONE, CRUD, CRUD_LOOSE)

_MONEY: Final = "{ amount currencyCode }"
ORDER: Final = f"""query Order($id: ID!) {{ order(id: $id) {{
  id version status itemCount total {_MONEY} createdAt customer {{ id name }}
  lines {{ productId sku name quantity unitPrice {_MONEY} lineTotal {_MONEY} }} }} }}"""
PAGE: Final = f"""query Page($id: ID!) {{ orders(filter: {{ customerId: $id }}, first: 20) {{
  nodes {{ id version status itemCount total {_MONEY} createdAt customer {{ id name }} }}
  pageInfo {{ hasNextPage }} totalCount }} }}"""
SEARCH: Final = f"""query Search($search: String!) {{ products(search: $search, first: 20) {{
  nodes {{ id sku name category price {_MONEY} available status }} pageInfo {{ hasNextPage }} totalCount }} }}"""
PLACE: Final = """mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) {
  receipt { id } userErrors { code } } }"""
PLACE_AND_SEE: Final = """mutation Place($input: PlaceOrderInput!) { placeOrder(input: $input) {
  receipt { id projected } userErrors { code } } }"""


@dataclass(frozen=True)
class Case:
    """A load. `variables`: of each request of the pool; `good`: what an answer has to contain.

    `is_pinned`: whether the server gets a core of its own. A write is the databases' work more than the server's.
    `writing`: the case that every tenth request is of instead. `half_of`: the case that is measured before, and half of
    whose rate is the rate of this one. `note`: what readers have to know besides.
    """

    name: str
    title: str
    document: str
    variables: Callable[[Shop, Random], dict[str, Any]]
    good: re.Pattern[bytes]
    servers: Sequence[Server]
    connections: int = 16
    is_pinned: bool = True
    writing: "Case | None" = None
    half_of: str = ""
    note: str = ""

    @property
    def is_query(self) -> bool:
        return self.document.startswith("query") and self.writing is None

    def pool(self, shop: Shop, size: int = POOL) -> list[bytes]:
        """The bodies of the requests, the same for every server."""
        random = Random(self.name)
        return [json.dumps(self._request(n, shop, random)).encode() for n in range(size)]

    def _request(self, number: int, shop: Shop, random: Random) -> dict[str, Any]:
        case = self.writing if self.writing and (number + 1) % WRITE_EVERY == 0 else self
        return {"query": case.document, "variables": case.variables(shop, random)}

    def judge(self, server: Server) -> Callable[[bytes], bool]:
        """Whether a body of the server says what was asked for: GraphQL's errors come with status 200."""
        good = server.good or self.good
        return lambda body: good.search(body) is not None and b'"errors"' not in body


def _order(shop: Shop, random: Random) -> dict[str, Any]:
    return {"id": random.choice(shop.ids["ord"])}


def _customer(shop: Shop, random: Random) -> dict[str, Any]:
    return {"id": random.choice(shop.ids["cus"])}


def _search(shop: Shop, random: Random) -> dict[str, Any]:
    word = random.choice(WORDS)
    return {"search": word[: random.randint(2, len(word))]}


def _placement(shop: Shop, random: Random, *, products: int | None = None) -> dict[str, Any]:
    chosen = random.sample(shop.ids["prd"][:products], LINES)
    lines = [{"productId": id, "quantity": 1} for id in chosen]
    return {"input": {"customerId": random.choice(shop.ids["cus"]), "lines": lines, "shippingAddress": ADDRESS}}


def _hot(shop: Shop, random: Random) -> dict[str, Any]:
    return _placement(shop, random, products=LINES)


PLACED: Final = re.compile(rb'"userErrors":\s*\[\]')
_LISTED: Final = re.compile(b'"hasNextPage"')
_FOUND: Final = re.compile(b'"lineTotal"')
SEEN: Final = Case(
    "visible",
    "placeOrder until it can be read, 16 clients",
    PLACE_AND_SEE,
    _placement,
    re.compile(rb'"projected":\s*true'),
    (OURS,),
    is_pinned=False,
)
SEEN64: Final = replace(SEEN, name="visible64", title="placeOrder until it can be read, 64 clients", connections=64)
BY_ID: Final = Case("order", "One order by id, with customer and lines", ORDER, _order, _FOUND, _READERS)
PLACING: Final = Case("place64", "placeOrder with 3 lines, 64 clients", PLACE, _placement, PLACED, _WRITERS, 64, False)
CASES: Final = (
    BY_ID,
    Case("page", "A customer's page of 20 orders", PAGE, _customer, _LISTED, _READERS),
    replace(BY_ID, name="order64", title="One order, 64 connections", connections=64),
    Case("page64", "A page of 20 orders, 64 connections", PAGE, _customer, _LISTED, _READERS, 64),
    Case("search", "A page of 20 products by search", SEARCH, _search, _LISTED, _READERS),
    replace(
        BY_ID,
        name="mixed",
        title="Nine orders by id to one placeOrder, 16 connections",
        good=re.compile(_FOUND.pattern + b"|" + PLACED.pattern),
        servers=(OURS, CRUD),
        is_pinned=False,
        writing=PLACING,
        note="Every tenth request places an order with 3 lines. The p50 is that of a read, the p99 that of a write.",
    ),
    replace(PLACING, name="place", title="placeOrder with 3 lines, 16 clients", connections=16),
    PLACING,
    replace(PLACING, name="hot", title="placeOrder, all of the same 3 products, 64 clients", variables=_hot),
    SEEN,
    SEEN64,
    replace(
        SEEN64,
        name="half",
        title="placeOrder until it can be read, at half of that load",
        half_of=SEEN64.name,
        note=(
            "Half as many requests a second as the 64 clients above came to, sent when they are due, whatever the "
            "answers do. A latency begins when its request is due, not when a connection is free for it."
        ),
    ),
)
