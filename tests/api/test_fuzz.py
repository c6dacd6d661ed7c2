"""Whatever is sent, the answer is one of ours: no 500, no error without a code of the contract, nothing internal.

By default these are some hundred requests, the same ones each time; `ORDERSTREAM_FUZZ=1000` in the environment sends so
many new ones to every field, and of every other kind. That nothing failed behind the mask is seen in the process's log
(conftest.py).
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from api.errors import Code
from tests.system import System, staff_token

MANY: Final = int(os.environ.get("ORDERSTREAM_FUZZ", "0"))


def examples(few: int) -> settings:
    """So many examples by default, in an order that does not change."""
    size = settings(max_examples=MANY) if MANY else settings(max_examples=few, derandomize=True, database=None)
    phases = [Phase.generate, Phase.shrink] if MANY else [Phase.generate]
    return settings(size, deadline=None, suppress_health_check=list(HealthCheck), phases=phases)


# What is left is a client's mistake: a fault of ours would be INTERNAL.
ALLOWED: Final = {code.value for code in Code} - {Code.INTERNAL}
HEADERS: Final = {"authorization": f"Bearer {staff_token()}"}
# As text: Python itself writes no number of more than 4,300 digits, and the JSON of none that is infinite for it.
NUMBERS: Final = st.from_regex(r"-?[1-9][0-9]{0,20}((\.[0-9]{1,20})?[eE][+-]?[0-9]{1,5})?", fullmatch=True) | st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "-", "1.", "-0."]),
    st.sampled_from([17, 39, 310, 4_300, 4_301, 6_000]).map("9".__mul__),
    st.sampled_from(["", "e5", "e-999", "e99999"]),
)
JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | NUMBERS.map("number {}".format)
    | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=12), values, max_size=4),
    max_leaves=12,
)

for name, strategy in {
    "CurrencyCode": st.sampled_from(["EUR", "eur", "USD", ""]) | st.text(max_size=4),
    "ConsistencyToken": st.text(),
    "Date": st.dates().map(str) | st.text(max_size=10),
    "DateTime": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text(max_size=20),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.text(max_size=10),
}.items():
    schemathesis.graphql.scalar(name, strategy.map(nodes.String))
contract = schemathesis.graphql.from_path(Path(__file__).with_name("contract.graphql"))


@pytest.fixture(scope="module")
def client(system: System) -> Iterator[httpx.Client]:
    """One for all that is sent."""
    with httpx.Client(base_url=system.url, headers=HEADERS, timeout=20) as client:
        yield client


def written(value: object) -> str:
    """The JSON of a value of JSON, with its numbers that Python has not."""
    return re.sub(r'"number ([^"]*)"', r"\1", json.dumps(value))


def check(answer: Any) -> None:
    """AssertionError unless the answer has data, or errors of the contract."""
    assert isinstance(answer, dict), answer
    assert answer.keys() & {"data", "errors"}, answer
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] in ALLOWED, answer
        assert "Traceback" not in error["message"]


@contract.parametrize()
@examples(15)
def test_documents_of_every_field(case: schemathesis.Case[Any], system: System) -> None:
    response = case.call(base_url=f"{system.url}/graphql", headers=HEADERS)
    assert response.status_code < 500, response.text
    check(response.json())


LITERALS: Final = [
    "{ products(first: N) { totalCount } }",
    "query($n: Int = N) { products(first: $n) { totalCount } }",
    "{ orders(filter: {customerId: N}) { totalCount } }",
    "{ categories @skip(if: N) { name } }",
    'mutation { changeProductPrice(input: {productId: "p", price: {amount: N, currency: "EUR"}}) { receipt { id } } }',
    'mutation { addOrderItem(input: {orderId: "o", productId: "p", quantity: N}) { userErrors { code } } }',
    'subscription { orderStatusChanged(orderId: "o", afterVersion: N) { version } }',
]
"""Documents with a number in each kind of place."""
REQUESTS: Final = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(
            [
                "query($id: ID!) { order(id: $id) { id } }",
                "query($f: OrderFilter) { orders(filter: $f, first: 1) { nodes { id } } }",
                "mutation($i: PlaceOrderInput!) { placeOrder(input: $i) { userErrors { code } } }",
                "query A { me { id } } query B { categories { name } }",
            ]
        )
        | st.builds(str.replace, st.sampled_from(LITERALS), st.just("N"), NUMBERS)
        | st.text()
        | JSON,
        "variables": st.dictionaries(st.sampled_from(["id", "f", "i", "x"]), JSON) | JSON,
        "operationName": st.sampled_from(["A", "B", ""]) | JSON,
        "extensions": st.dictionaries(st.sampled_from(["prefer", "persistedQuery", "x"]), JSON) | JSON,
    },
)


@given(body=REQUESTS.map(written).map(str.encode) | JSON.map(written).map(str.encode) | st.binary(max_size=200))
@examples(300)
def test_bodies(body: bytes, client: httpx.Client) -> None:
    response = client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.status_code < 500, response.text
    check(response.json())


HEADER: Final = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"]),
    parameters=st.dictionaries(st.sampled_from(["query", "variables", "extensions", "operationName", "x"]), st.text()),
    headers=st.dictionaries(
        st.sampled_from(["accept", "authorization", "content-type", "prefer", "traceparent", "origin"]), HEADER
    ),
)
@examples(200)
def test_methods_parameters_and_headers(
    method: str, parameters: dict[str, str], headers: dict[str, str], client: httpx.Client
) -> None:
    sent = [(name.encode(), value.strip().encode("latin-1")) for name, value in headers.items()]
    response = client.request(method, "/graphql", params=parameters, headers=sent)
    assert response.status_code < 500, response.text
    if response.headers.get("content-type", "").startswith("application/") and response.content:
        check(response.json())


MESSAGES: Final = st.fixed_dictionaries(
    {"type": st.sampled_from(["connection_init", "subscribe", "complete", "ping", "pong"]) | JSON},
    optional={"id": st.sampled_from(["1", "2"]) | JSON, "payload": REQUESTS | JSON},
)


@given(messages=st.lists(MESSAGES.map(written) | JSON.map(written) | st.text(), max_size=6))
@examples(100)
def test_messages_on_a_socket(messages: list[str], system: System) -> None:
    url = system.url.replace("http:", "ws:") + "/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    with connect(url, subprotocols=protocols, additional_headers=HEADERS, proxy=None) as socket:
        socket.send('{"type": "connection_init"}')
        with suppress(ConnectionClosed):
            for message in messages:
                socket.send(message)
            # Whatever they were: it still answers, or has said why it does not.
            socket.send('{"type": "ping"}')
            while (answer := json.loads(socket.recv(timeout=20)))["type"] != "pong":
                if answer["type"] == "error":
                    check({"errors": answer["payload"]})
                elif answer["type"] == "next":
                    check(answer["payload"])
            return
        assert socket.close_code is not None
        assert 4400 <= socket.close_code < 4500, socket.close_reason
