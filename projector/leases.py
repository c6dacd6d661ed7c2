"""Leases in Redis: who is alive, by the server's clock, and who works on which partition."""

from collections.abc import Awaitable
from typing import Any, Final, cast

from redis.asyncio import Redis

from projector.reaching import reaching_redis
from read_model.schema.keys import PROJECTORS_KEY, owner_key
from write_model.contracts.streams import PARTITIONS_KEY

EXPIRY_MS: Final = 3_000

# KEYS: projectors. ARGV: name, expiry in ms. Every process goes by the server's clock, whatever its own says.
_SIGN_IN: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[1], now + ARGV[2] / 1000, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""

# KEYS: owner. ARGV: name, expiry in ms.
_CLAIM: Final = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# KEYS: owner. ARGV: name.
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


class Leases:
    """One projector's leases, under its name, which nobody else has. Every method raises Unavailable."""

    def __init__(self, redis: Redis, name: str, *, expiry_ms: int = EXPIRY_MS) -> None:
        self._redis = redis
        self.name = name
        self._expiry_ms = expiry_ms
        self._sign_in = redis.register_script(_SIGN_IN)
        self._claim = redis.register_script(_CLAIM)
        self._release = redis.register_script(_RELEASE)

    async def sign_in(self) -> list[str]:
        """Say that this projector is alive until the expiry; answers the names of all that are, sorted."""
        async with reaching_redis():
            names: list[str] = await self._sign_in([PROJECTORS_KEY], [self.name, self._expiry_ms])
        return sorted(names)

    async def partitions(self) -> int | None:
        """How many partitions there are; None while no relay has said so."""
        async with reaching_redis():
            said = await cast("Awaitable[str | None]", self._redis.get(PARTITIONS_KEY))
        return int(said) if said else None

    async def sign_out(self) -> None:
        """Say that this projector is gone."""
        async with reaching_redis():
            await cast("Awaitable[Any]", self._redis.zrem(PROJECTORS_KEY, self.name))

    async def claim(self, partition: int) -> bool:
        """Take the partition, or renew it; False where another projector has it."""
        async with reaching_redis():
            return bool(await self._claim([owner_key(partition)], [self.name, self._expiry_ms]))

    async def release(self, partition: int) -> None:
        """Give the partition back, if it is this projector's."""
        async with reaching_redis():
            await self._release([owner_key(partition)], [self.name])
