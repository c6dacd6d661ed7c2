"""The keys that tokens are signed with: one shared secret, or an identity provider's key set (JWKS, RFC 7517)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWTError

from api.errors import Refused, Unauthenticated

FETCH_SECONDS: Final = 5.0
"""Patience with the provider."""
COOLDOWN_SECONDS: Final = 10.0
"""Between two looks for a key that nobody knows: anybody can name one."""

_log = logging.getLogger(__name__)


class KeyUnknown(Unauthenticated):
    """The token names a key that is not in the set; it may be a new one."""

    def __init__(self) -> None:
        super().__init__("The token is signed with a key that is not known here.")


class KeysMissing(Refused):
    """No key set could be had yet."""

    def __init__(self) -> None:
        super().__init__("The keys that tokens are checked with cannot be had now, try again.")


class Keys(Protocol):
    """Where the key of a token is found."""

    algorithms: Sequence[str]
    """Those that a token may be signed by, no others (RFC 8725, section 3.1)."""

    def find(self, id: str | None, /) -> PyJWK | str:
        """The key of that id (`kid`); KeyUnknown, or KeysMissing."""
        ...

    async def look_for_new(self) -> None:
        """Fetch the keys, where there may be others than those that are known."""
        ...


class SharedSecret:
    """The one key that who issues tokens and who reads them both have."""

    def __init__(self, secret: str, algorithms: Sequence[str]) -> None:
        self.algorithms = algorithms or ("HS256",)
        self._secret = secret

    def find(self, _: str | None, /) -> str:
        """The secret, whatever it is called."""
        return self._secret

    async def look_for_new(self) -> None:
        """Nothing: there is no other."""


class KeySet:
    """An identity provider's public keys, fetched now and then, and when a token names an unknown one.

    A provider that cannot be reached changes nothing: the keys that were known stay.
    """

    def __init__(self, url: str, algorithms: Sequence[str], every: float, changed: Callable[[], None]) -> None:
        """`every`: seconds between two fetches; `changed` is called when keys have come or gone."""
        self.algorithms = algorithms or ("RS256", "ES256", "EdDSA")
        self._client: Final = PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._every: Final = every
        self._changed: Final = changed
        self._keys: dict[str | None, PyJWK] = {}
        self._fetching = asyncio.Lock()
        self._tried_at: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether none could be had yet."""
        return not self._keys

    def find(self, id: str | None, /) -> PyJWK:
        """The key of that id; the only one for a token that names none."""
        if not self._keys:
            raise KeysMissing
        if id is None and len(self._keys) == 1:
            [key] = self._keys.values()
            return key
        if id is None or id not in self._keys:
            raise KeyUnknown
        return self._keys[id]

    async def look_for_new(self) -> None:
        """Fetch, unless that was tried a moment ago; who comes meanwhile waits for the same."""
        loop = asyncio.get_running_loop()
        async with self._fetching:
            if self._tried_at is None or loop.time() - self._tried_at >= (COOLDOWN_SECONDS if self._keys else 1.0):
                self._tried_at = loop.time()
                await self._fetch()

    async def _fetch(self) -> None:
        try:
            found = await asyncio.to_thread(self._client.get_jwk_set)
        except (PyJWTError, OSError, ValueError) as error:
            _log.warning("the keys of %s cannot be had: %s", self._client.uri, error)
            return
        keys = self._usable(found)
        if not keys:
            _log.warning("%s has no key for any of %s", self._client.uri, ", ".join(self.algorithms))
        elif {id: key._jwk_data for id, key in keys.items()} != {id: key._jwk_data for id, key in self._keys.items()}:
            self._keys = keys
            self._changed()

    def _usable(self, found: PyJWKSet) -> dict[str | None, PyJWK]:
        return {
            key.key_id: key
            for key in found
            if key.public_key_use in ("sig", None) and key.algorithm_name in self.algorithms
        }

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Fetched once, then again and again while the block runs; until there are any, every second."""
        await self.look_for_new()
        keeping = asyncio.create_task(self._keep(), name="keys")
        try:
            yield
        finally:
            keeping.cancel()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._every if self._keys else 1.0)
            async with self._fetching:
                await self._fetch()
