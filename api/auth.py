"""Bearer tokens (RFC 6750, JWT: RFC 7519): whom they speak for, by whatever names an identity provider has for it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar

import jwt

from api.access import Caller, Role, Scope
from api.errors import Unauthenticated
from api.keys import Keys, KeySet, KeysMissing, SharedSecret
from api.settings import ApiSettings
from write_model.contracts.ids import kind_of

BOTH: Final[tuple[Scope, ...]] = ("commands", "queries")
MOST_KEPT: Final = 10_000
"""Tokens that are remembered: to verify one costs more than to read an order."""
LONGEST_KEPT: Final = 4_000

T = TypeVar("T")


class Authenticator:
    """Reads tokens, as the settings say."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings: Final = settings
        self._believed: Final = lru_cache(MOST_KEPT)(self._verified)
        self._keys: Final = self._source()

    def _source(self) -> Keys:
        settings = self._settings
        if settings.auth_jwks_url:
            return KeySet(
                *(settings.auth_jwks_url, settings.auth_algorithms, settings.auth_jwks_seconds),
                changed=self._believed.cache_clear,
            )
        assert settings.auth_secret, "the settings have one or the other"
        return SharedSecret(settings.auth_secret.get_secret_value(), settings.auth_algorithms)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[None]:
        """Within the block keys are kept current."""
        if not isinstance(self._keys, KeySet):
            yield
            return
        async with self._keys.kept():
            yield

    def check(self) -> None:
        """KeysMissing where no token can be judged."""
        if isinstance(self._keys, KeySet) and self._keys.is_empty:
            raise KeysMissing

    def caller(self, header: str) -> Caller:
        """Whom an Authorization header speaks for; Unauthenticated for anything but a good bearer token.

        KeyUnknown where `look_for_new_keys` may help.
        """
        if len(header) > LONGEST_KEPT:
            return self._verified(header)[0]
        caller, since = self._believed(header)
        now = time.time()  # noqa: TID251 - PyJWT judges expiry by the same clock of the machine
        return caller if since <= now < caller.until else self._verified(header)[0]

    async def look_for_new_keys(self) -> None:
        """Ask the identity provider, unless that was done a moment ago."""
        await self._keys.look_for_new()

    def _verified(self, header: str) -> tuple[Caller, float]:
        """Whom a good token speaks for, and since when (Unix time) that was seen to hold."""
        scheme, _, token = header.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("Send the token as `Authorization: Bearer <token>`.")
        settings, now = self._settings, time.time()  # noqa: TID251 - as above
        try:
            token = token.strip()
            key = self._keys.find(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=list(self._keys.algorithms),
                issuer=settings.auth_issuer,
                audience=settings.auth_audience,
                leeway=settings.auth_leeway_seconds,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The token has expired.") from error
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("The token is not valid.") from error
        return self._caller_of(claims), now

    def _caller_of(self, claims: Mapping[str, Any]) -> Caller:
        settings = self._settings
        roles, scopes = texts_at(claims, settings.auth_role_claim), self._scopes(claims)
        subject, until = str(claims["sub"]), float(claims["exp"]) + settings.auth_leeway_seconds
        if settings.auth_staff_role in roles:
            return Caller("staff", subject, None, scopes, until)
        if settings.auth_customer_role in roles:
            match texts_at(claims, settings.auth_customer_claim):
                case [id] if kind_of(id) == "cus":
                    return Caller("customer", subject, id, scopes, until)
            raise Unauthenticated("The token does not say which customer it speaks for.")
        raise Unauthenticated("The token names no role that is known here.")

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        claim = self._settings.auth_scope_claim
        return frozenset(BOTH if not claim else [scope for scope in BOTH if scope in texts_at(claims, claim)])


def texts_at(claims: Mapping[str, Any], name: str) -> list[str]:
    """What a claim says: texts, be they a list, or words (RFC 8693, section 4.2); empty where there is no such claim.

    `name` is a claim's own name, or a path of names with dots between them: `realm_access.roles`.
    """
    value: Any = claims
    for step in [name] if name in claims else name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return value.split()
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


async def until_expired(events: AsyncGenerator[T, None], caller: Caller) -> AsyncGenerator[T, None]:
    """The events of a subscription as long as its caller's token is good; then Unauthenticated."""
    loop = asyncio.get_running_loop()
    end = loop.time() + caller.until - time.time()  # noqa: TID251 - as above
    async with aclosing(events):
        while True:
            try:
                async with asyncio.timeout_at(end) as patience:
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if not patience.expired():
                    raise
                raise Unauthenticated("The token has expired: connect with a new one, and resume.") from None
            yield event


def issue_token(
    secret: str,
    role: Role,
    customer_id: str | None,
    lifetime_seconds: int,
    *,
    scopes: tuple[Scope, ...] = BOTH,
    now: datetime | None = None,
) -> str:
    """A bearer token for staff or for one customer, valid from now on; ValueError where the two do not fit.

    It is made for the default settings: with claims of our own names, and the secret for a key.
    """
    if (role == "customer") != (customer_id is not None):
        raise ValueError("a customer's token needs the customer's id, and only that one")
    if customer_id is not None and kind_of(customer_id) != "cus":
        raise ValueError(f"{customer_id[:40]!r} is not the id of a customer")
    now = now or datetime.now(UTC)  # noqa: TID251 - as above
    claims = {
        "iss": "orderstream",
        "aud": "orderstream",
        "sub": customer_id or role,
        "role": role,
        "scope": " ".join(scopes),
        "iat": now,
        "exp": now + timedelta(seconds=lifetime_seconds),
    }
    if customer_id is not None:
        claims["customer_id"] = customer_id
    return jwt.encode(claims, secret, algorithm="HS256")
