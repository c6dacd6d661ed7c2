"""Whom a token speaks for: keys, claims and their names, of any identity provider."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.auth import Authenticator, issue_token, texts_at
from api.errors import Unauthenticated
from api.keys import KeysMissing, KeyUnknown
from api.settings import ApiSettings
from tests.api.processes import another_api
from tests.api.tokens import forged
from tests.system import SECRET, System

ADA = "cus_" + "0" * 28


def by_secret(**settings: Any) -> Authenticator:
    return Authenticator(ApiSettings.model_validate({"auth_secret": SECRET, **settings}))


# -- Claims -----------------------------------------------------------------------------------------------------------


def test_a_token_of_staff() -> None:
    caller = by_secret().caller(f"Bearer {forged()}")
    assert (caller.role, caller.subject, caller.customer_id) == ("staff", "staff", None)
    assert caller.scopes == {"commands", "queries"}


def test_a_providers_own_names_for_claims_and_roles() -> None:
    auth = by_secret(
        auth_issuer="https://id.example.org/",
        auth_audience="shop-api",
        auth_role_claim="realm_access.roles",
        auth_staff_role="shop-admin",
        auth_customer_role="shopper",
        auth_customer_claim="https://example.org/customer",
        auth_scope_claim="scp",
    )
    issued = {"iss": "https://id.example.org/", "aud": ["other", "shop-api"]}
    claims: dict[str, Any] = {**issued, "role": None, "scope": None}
    shopper: dict[str, Any] = {"realm_access": {"roles": ["offline", "shopper"]}, "https://example.org/customer": ADA}
    caller = auth.caller(f"Bearer {forged(**claims, **shopper, sub='auth0|1', scp=['queries', 'email'])}")
    assert (caller.role, caller.subject, caller.customer_id) == ("customer", "auth0|1", ADA)
    assert caller.scopes == {"queries"}
    admin: dict[str, Any] = {"realm_access": {"roles": ["shop-admin", "shopper"]}}
    assert auth.caller(f"Bearer {forged(**claims, **admin, scp='commands')}").role == "staff"
    with pytest.raises(Unauthenticated, match="no role"):
        auth.caller(f"Bearer {forged(**claims, realm_access={'roles': ['staff']})}")


def test_without_a_claim_for_scopes_every_token_has_both() -> None:
    token = forged(scope=None)
    assert by_secret().caller(f"Bearer {token}").scopes == set()
    assert by_secret(auth_scope_claim="").caller(f"Bearer {token}").scopes == {"commands", "queries"}


@pytest.mark.parametrize(
    ("claims", "name", "texts"),
    [
        ({"scope": "a b"}, "scope", ["a", "b"]),
        ({"scope": ["a", 1, "b c"]}, "scope", ["a", "b c"]),
        ({"a.b": "x", "a": {"b": "y"}}, "a.b", ["x"]),
        ({"a": {"b": {"c": "y"}}}, "a.b.c", ["y"]),
        ({"a": "text"}, "a.b", []),
        ({"a": {"b": 7}}, "a.b", []),
        ({}, "a", []),
    ],
)
def test_what_a_claim_says(claims: dict[str, Any], name: str, texts: list[str]) -> None:
    assert texts_at(claims, name) == texts


async def test_a_token_that_was_good_expires() -> None:
    auth = by_secret(auth_leeway_seconds=0)
    header = f"Bearer {issue_token(SECRET, 'staff', None, 1)}"
    assert auth.caller(header).role == "staff"
    await asyncio.sleep(1.1)
    with pytest.raises(Unauthenticated, match="expired"):
        auth.caller(header)


# -- Keys of an identity provider -------------------------------------------------------------------------------------


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


KEYS: dict[str, tuple[Any, Any]] = {
    "RS256": (rsa_key, RSAAlgorithm),
    "ES256": (cache(lambda: ec.generate_private_key(ec.SECP256R1())), ECAlgorithm),
    "EdDSA": (cache(ed25519.Ed25519PrivateKey.generate), OKPAlgorithm),
}


def public(algorithm: str, id: str, **changes: Any) -> dict[str, Any]:
    key, kind = KEYS[algorithm]
    return {**kind.to_jwk(key().public_key(), as_dict=True), "kid": id, "use": "sig", **changes}


def signed(algorithm: str, id: str | None, **claims: Any) -> str:
    return forged(KEYS[algorithm][0](), algorithm, {"kid": id} if id else None, **claims)


class Provider:
    """An identity provider: what it publishes, and how often somebody asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0
        self.status = 200
        self.url = ""


@contextmanager
def identity_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            body = json.dumps({"keys": provider.keys}).encode()
            self.send_response(provider.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        provider.url = f"http://127.0.0.1:{server.server_address[1]}/keys"
        try:
            yield provider
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with identity_provider() as provider:
        yield provider


@asynccontextmanager
async def by_provider(provider: Provider, **settings: Any) -> AsyncIterator[Authenticator]:
    auth = Authenticator(ApiSettings.model_validate({"auth_jwks_url": provider.url, **settings}))
    async with auth.ready():
        yield auth


@pytest.mark.parametrize("algorithm", KEYS)
async def test_a_token_is_good_by_the_published_key_that_it_names(provider: Provider, algorithm: str) -> None:
    provider.keys = [public(each, each) for each in KEYS]
    others = next(each for each in KEYS if each != algorithm)
    async with by_provider(provider) as auth:
        assert auth.caller(f"Bearer {signed(algorithm, algorithm)}").role == "staff"
        with pytest.raises(Unauthenticated, match="not valid"):
            auth.caller(f"Bearer {signed(algorithm, others)}")
        with pytest.raises(KeyUnknown):
            auth.caller(f"Bearer {signed(algorithm, 'nobody knows')}")
        with pytest.raises(KeyUnknown):
            auth.caller(f"Bearer {signed(algorithm, None)}")
        with pytest.raises(Unauthenticated):
            auth.caller(f"Bearer {forged(headers={'kid': algorithm})}")


async def test_a_token_that_names_no_key_is_good_by_the_only_one(provider: Provider) -> None:
    provider.keys = [public("ES256", "one")]
    async with by_provider(provider) as auth:
        assert auth.caller(f"Bearer {signed('ES256', None)}").role == "staff"


async def test_keys_for_encryption_of_other_algorithms_and_shared_ones_are_not_for_tokens(provider: Provider) -> None:
    shared = {"kty": "oct", "kid": "shared", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA"}
    provider.keys = [public("RS256", "enc", use="enc"), public("ES256", "es"), public("EdDSA", "ed"), shared]
    async with by_provider(provider, auth_algorithms=("RS256", "ES256")) as auth:
        assert auth.caller(f"Bearer {signed('ES256', 'es')}").role == "staff"
        for token in (signed("RS256", "enc"), signed("EdDSA", "ed"), forged(headers={"kid": "shared"})):
            with pytest.raises(Unauthenticated):
                auth.caller(f"Bearer {token}")


async def test_a_new_key_is_looked_for_once_and_one_that_was_taken_back_is_good_for_nothing(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.keys.COOLDOWN_SECONDS", 0.0)
    provider.keys = [public("RS256", "old")]
    async with by_provider(provider) as auth:
        assert auth.caller(f"Bearer {signed('RS256', 'old')}")
        provider.keys = [public("ES256", "new")]
        with pytest.raises(KeyUnknown):
            auth.caller(f"Bearer {signed('ES256', 'new')}")
        await auth.look_for_new_keys()
        assert auth.caller(f"Bearer {signed('ES256', 'new')}")
        with pytest.raises(KeyUnknown):
            auth.caller(f"Bearer {signed('RS256', 'old')}")


async def test_a_flood_of_unknown_keys_asks_the_provider_once(provider: Provider) -> None:
    provider.keys = [public("RS256", "old")]
    async with by_provider(provider) as auth:
        await asyncio.gather(*(auth.look_for_new_keys() for _ in range(100)))
    assert provider.asked == 1


async def test_keys_are_fetched_again_and_stay_while_the_provider_is_ill(provider: Provider) -> None:
    provider.status, provider.keys = 500, [public("RS256", "first")]
    header = f"Bearer {signed('RS256', 'first')}"
    async with by_provider(provider, auth_jwks_seconds=1) as auth:
        with pytest.raises(KeysMissing):
            auth.caller(header)
        with pytest.raises(KeysMissing):
            auth.check()
        provider.status = 200
        await until(lambda: good(auth, header))
        asked, provider.status = provider.asked, 500
        await until(lambda: provider.asked > asked + 1)
        assert good(auth, header)


def good(auth: Authenticator, header: str) -> bool:
    try:
        return auth.caller(header).role == "staff"
    except KeysMissing:
        return False


async def until(condition: Any) -> None:
    give_up = asyncio.get_running_loop().time() + 30
    while not condition():
        assert asyncio.get_running_loop().time() < give_up
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"auth_secret": SECRET, "auth_jwks_url": "https://id.example.org/keys"},
        {"auth_secret": "short"},
        {"auth_jwks_url": "http://id.example.org/keys"},
        {"auth_jwks_url": "file:///etc/passwd"},
        {"auth_jwks_url": "keys"},
    ],
)
def test_a_server_has_one_good_source_of_keys(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"AUTH|Field required|at least 32|https"):
        ApiSettings.model_validate(settings)


QUERY = "{ projection { parkedEvents } }"


async def test_an_api_with_a_provider_takes_its_tokens_and_its_new_keys(
    system: System, provider: Provider, tmp_path: Path
) -> None:
    provider.keys = [public("RS256", "old")]
    without = {name: value for name, value in system.environment.items() if name != "AUTH_SECRET"}
    settings = {"AUTH_JWKS_URL": provider.url, "AUTH_AUDIENCE": "shop"}
    async with AsyncExitStack() as open:
        bare = replace(system, environment=without)
        other, _ = await open.enter_async_context(another_api(bare, tmp_path / "log", **settings))
        old = await open.enter_async_context(other.client(signed("RS256", "old", aud="shop")))
        new = await open.enter_async_context(other.client(signed("ES256", "new", aud="shop")))
        ours = await open.enter_async_context(other.client(issue_token(SECRET, "staff", None, 3600)))
        assert await old.codes(QUERY) == []
        assert await new.codes(QUERY) == ["UNAUTHENTICATED"]
        provider.keys.append(public("ES256", "new"))
        give_up = asyncio.get_running_loop().time() + 30
        while await new.codes(QUERY):
            assert asyncio.get_running_loop().time() < give_up
            await asyncio.sleep(0.5)
        assert await old.codes(QUERY) == []
        assert await ours.codes(QUERY) == ["UNAUTHENTICATED"]
        async with new.socket() as socket:
            await socket.subscribe("1", QUERY)
            await socket.nexts("1", 1)
