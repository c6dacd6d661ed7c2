"""A client gets as much as it may, over all processes, and is told when to come back; the first wait for nobody."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from api.context import CHARACTERS_A_COST, READING_COST
from api.errors import Throttled
from api.networks import network_of
from api.throttling import Throttle, Use
from read_model.allowances import Allowances, open_allowances
from tests.api.connections import until
from tests.api.processes import another_api
from tests.read_model.conftest import settings_for
from tests.system import System, customer_token

READ = "{ products(first: 9) { nodes { id } } }"


@asynccontextmanager
async def throttle(use: Use, *, rate: int, burst: int) -> AsyncIterator[Throttle]:
    """One process's."""
    made = Throttle(use, asyncio.get_running_loop().time, rate=rate, burst=burst)
    async with made.settling():
        yield made


async def spent(throttle: Throttle, client: str, cost: int = 1, most: int = 1_000) -> int:
    """How much the client gets at once."""
    for number in range(most):
        try:
            await throttle.charge(client, cost)
        except Throttled:
            return number * cost
    return most * cost


@pytest.fixture
async def buckets(redis_url: str, redis: Redis) -> AsyncIterator[Allowances]:
    """Of 100, and one more in a quarter of an hour: nothing fills up while the test runs."""
    async with open_allowances(settings_for(redis_url), rate=1, burst=100) as allowances:
        yield allowances


async def test_a_bucket_holds_what_is_left_and_is_forgotten_when_it_is_full(buckets: Allowances, redis: Redis) -> None:
    assert await buckets.use({"a": 30, "b": 0}) == {"a": 70, "b": 100}
    assert (await buckets.use({"a": 20}))["a"] in (50, 51)
    [key] = await redis.keys("*")
    assert 0 < await redis.pttl(key) <= 50_000
    assert (await buckets.use({"a": 10**9}))["a"] == -100
    assert (await buckets.use({"a": -(10**9)}))["a"] == 100


async def test_a_bucket_fills_by_the_servers_clock(redis_url: str, redis: Redis) -> None:
    async with open_allowances(settings_for(redis_url), rate=1_000, burst=10_000) as buckets:
        assert (await buckets.use({"a": 10_000}))["a"] == 0
        for _ in range(1_000):
            if (await buckets.use({"a": 0}))["a"] >= 200:
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError("it does not fill")


async def test_a_client_gets_its_burst_and_is_told_when_to_come_back(buckets: Allowances) -> None:
    async with throttle(buckets.use, rate=1, burst=100) as one:
        assert 100 <= await spent(one, "a") <= 110
        with pytest.raises(Throttled) as refused:
            await one.charge("a", 50)
        assert refused.value.extensions is not None
        assert 30 <= refused.value.extensions["retryAfter"] <= 50
        assert await spent(one, "b", most=20) == 20


async def test_a_client_of_several_processes_gets_it_once(buckets: Allowances) -> None:
    async with AsyncExitStack() as open:
        many = [await open.enter_async_context(throttle(buckets.use, rate=1, burst=100)) for _ in range(4)]
        got = [await spent(one, "a", 5) for one in many]
    assert 100 <= sum(got) <= 100 + 4 * 6


async def test_what_a_process_has_not_told_yet_it_tells_when_it_leaves(buckets: Allowances) -> None:
    async with throttle(buckets.use, rate=10, burst=100) as one:
        for _ in range(4):
            assert one.take("a", 1) is not None
    assert (await buckets.use({"a": 0}))["a"] in (96, 97)


async def test_a_first_request_waits_for_nobody() -> None:
    async def never(_: Mapping[str, int]) -> Mapping[str, int]:
        await asyncio.Event().wait()
        raise AssertionError

    made = Throttle(never, asyncio.get_running_loop().time, rate=10, burst=100)
    assert [made.take("a", 4), made.take("a", 4), made.take("a", 4)] == [96, 92, None]


async def test_while_redis_does_not_answer_everybody_is_served() -> None:
    async def nothing(_: Mapping[str, int]) -> Mapping[str, int]:
        return {}

    async with throttle(nothing, rate=10, burst=100) as one:
        assert await spent(one, "a", 5, most=100) == 500


async def test_who_is_idle_is_forgotten(buckets: Allowances) -> None:
    async with throttle(buckets.use, rate=1, burst=100) as one:
        one.take("a", 1)
        await until(lambda: not one._accounts)


def test_a_holder_of_a_network_is_one_client() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("") == ""


async def test_the_answer_says_what_is_left_and_then_when_to_come_back(system: System, tmp_path: Path) -> None:
    settings = {"THROTTLE_RATE": "1", "THROTTLE_BURST": "100", "MAX_COST": "100"}
    async with another_api(system, tmp_path / "log", **settings) as (other, _):
        async with system.staff as staff:
            ids = [await staff.register_customer() for _ in range(2)]
        async with other.client(customer_token(ids[0])) as client, other.client(customer_token(ids[1])) as innocent:
            first = (await client.http.post("/graphql", json={"query": READ})).json()
            assert first["extensions"]["cost"] == {
                "requested": 10,
                "left": 90 - READING_COST - len(READ) // CHARACTERS_A_COST,
            }
            for _ in range(20):
                answer = await client.http.post("/graphql", json={"query": READ})
            assert answer.status_code == 429
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "THROTTLED"
            assert answer.headers["retry-after"] == str(error["extensions"]["retryAfter"])
            async with client.socket() as socket:
                await socket.subscribe("1", READ)
                message = await socket.receive()
                assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "THROTTLED")
            assert await innocent.codes(READ) == []


async def test_whoever_sends_ever_new_documents_pays_for_them(system: System, tmp_path: Path) -> None:
    settings = {"THROTTLE_RATE": "1", "THROTTLE_BURST": "400", "MAX_COST": "100"}
    async with another_api(system, tmp_path / "log", **settings) as (other, _), other.client(None) as nobody:
        codes = [(await nobody.codes(f"{{ nothing }} # {n}".ljust(1_000)))[0] for n in range(6)]
    assert codes == ["GRAPHQL_VALIDATION_FAILED"] * 4 + ["THROTTLED"] * 2


async def test_who_is_not_known_is_counted_by_address(system: System, tmp_path: Path) -> None:
    settings = {"THROTTLE_RATE": "1", "THROTTLE_BURST": "30", "MAX_COST": "30"}
    async with (
        another_api(system, tmp_path / "log", **settings) as (other, _),
        other.client(None) as nobody,
        other.client("forged") as forger,
    ):
        statuses = [
            (await client.http.post("/graphql", json={"query": READ})).status_code for client in (nobody, forger) * 5
        ]
    assert statuses[-1] == 429


async def test_who_is_refused_for_sending_nonsense_too_often_is_counted_among_the_throttled(
    system: System, tmp_path: Path
) -> None:
    settings = {"THROTTLE_RATE": "1", "THROTTLE_BURST": "110", "MAX_COST": "100", "LOG_REQUESTS": "all"}
    async with system.staff as staff:
        token = customer_token(await staff.register_customer())
    async with another_api(system, tmp_path / "log", **settings) as (other, _), other.client(token) as customer:
        said = [(await customer.http.post("/graphql", json=[])).json() for _ in range(4)]
    codes = [answer["errors"][0]["extensions"]["code"] for answer in said]
    assert codes == ["BAD_USER_INPUT"] * 2 + ["THROTTLED"] * 2
    lines = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert [line["outcome"] for line in lines if line["logger"] == "api.requests"] == codes
