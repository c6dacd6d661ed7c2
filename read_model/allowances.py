"""What each client may still use, counted in Redis for all processes: token buckets that fill by its clock."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from read_model.schema.keys import allowance_key
from read_model.settings import ReadSettings

PATIENCE_SECONDS: Final = 0.5
"""With Redis: somebody may be waiting, and is served without an answer."""

_log = logging.getLogger(__name__)

# KEYS: buckets of one slot. ARGV: tokens a second, tokens in a full bucket, and for each what was used of it. Answers
# what is in each now, less than nothing where more was used. A bucket that has filled up again need not be kept.
_USE: Final = """
local rate, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local levels = {}
for n, key in ipairs(KEYS) do
  local level = most
  local before, at = string.match(redis.call('GET', key) or '', '(%S+) (%S+)')
  if before then
    level = math.min(most, tonumber(before) + math.max(0, now - tonumber(at)) * rate / 1000)
  end
  level = math.max(-most, math.min(most, level - tonumber(ARGV[n + 2])))
  local fills = math.ceil((most - level) / rate * 1000)
  if fills > 0 then
    redis.call('SET', key, string.format('%.3f %d', level, now), 'PX', fills)
  end
  levels[n] = math.floor(level)
end
return levels
"""


class Allowances:
    """The buckets, by the names of the clients. `rate`: tokens a second; `burst`: what a full one holds."""

    def __init__(self, redis: Redis, *, rate: int, burst: int) -> None:
        self._script = redis.register_script(_USE)
        self._rate = rate
        self._burst = burst

    async def use(self, used: Mapping[str, int]) -> dict[str, int]:
        """What each client has left, after it has used so much; nothing of those about whom Redis does not answer."""
        slots: dict[str, dict[str, str]] = {}
        for client in used:
            key = allowance_key(client)
            slots.setdefault(key.partition("}")[0], {})[client] = key
        left: dict[str, int] = {}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for keys in slots.values():
                    arguments = [self._rate, self._burst, *(used[client] for client in keys)]
                    levels = await self._script(keys=list(keys.values()), args=arguments)
                    left.update(zip(keys, levels, strict=True))
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("nobody is throttled while Redis does not answer: %r", error)
        return left


@asynccontextmanager
async def open_allowances(settings: ReadSettings, *, rate: int, burst: int) -> AsyncIterator[Allowances]:
    """The buckets in a Redis, which need not be there yet."""
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=None,  # the limit is ours: redis-py's can lose a cancellation (changes.py)
        socket_connect_timeout=settings.read_timeout_seconds,
        retry=Retry(NoBackoff(), 0),  # what is counted twice is taken from the client
    )
    async with redis:
        yield Allowances(redis, rate=rate, burst=burst)
