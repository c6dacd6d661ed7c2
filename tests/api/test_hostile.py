"""What is sent to do harm is refused, and costs no more than it may."""

import asyncio
import json
from typing import Any

import pytest

from api.http import LONGEST_HEAD
from api.networks import network_of
from api.wire import LONGEST_LIST
from tests.system import Client, System

WAITING = "query($c: [ConsistencyToken!]) { categories(consistentWith: $c) { name } }"


@pytest.mark.parametrize("tokens", [[""] * (LONGEST_LIST + 1), ["MDox" * 10_000], [[["x"] * 2_000]]])
async def test_tokens_without_end_are_not_read(nobody: Client, tokens: Any) -> None:
    assert set(await nobody.codes(WAITING, c=tokens)) == {"BAD_USER_INPUT"}


async def test_a_number_of_too_many_digits_is_no_fault_of_ours(nobody: Client) -> None:
    digits = "9" * 5_000
    for default in (f"ID = {digits}", f"Int = {digits}"):
        codes = await nobody.codes(f"query($x: {default}) {{ product(id: $x) {{ id }} }}")
        assert codes[0] in ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED")
    document = "query($n: Int) { products(first: $n) { nodes { id } } }"
    for number in ("-1e999", "1e999", "-1e20", digits):
        body = f'{{"query": {json.dumps(document)}, "variables": {{"n": {number}}}}}'
        for _ in range(3):
            response = await nobody.http.post("/graphql", content=body, headers={"content-type": "application/json"})
            assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", response.text


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nx: ", b"GET /", b"POST /graphql HTTP/1.1\r\n"])
async def test_a_head_without_an_end_is_not_read_on(system: System, begun: bytes) -> None:
    host, port = system.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(begun)
        line = b"y" * 1_000 if not begun.endswith(b"\n") else b"a: " + b"b" * 900 + b"\r\n"
        async with asyncio.timeout(20):
            for _ in range(3 * LONGEST_HEAD // 1_000):
                writer.write(line)
                await asyncio.sleep(0)
                if reader.at_eof():
                    break
            answer = await reader.read(100)
    except ConnectionError:
        return  # it was closed while we wrote
    finally:
        writer.close()
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("somewhere", "somewhere"),
    ],
)
def test_a_client_without_a_token_is_its_network(host: str, network: str) -> None:
    assert network_of(host) == network


async def test_readiness_asks_the_stores_twice_a_second_at_most(nobody: Client) -> None:
    answers = await asyncio.gather(*(nobody.http.get("/readyz") for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
