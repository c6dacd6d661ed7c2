"""A partition's generations: one serves, one may be in the making, and those that were replaced are dropped.

The generation that serves stands in `projected` (contracts.streams). Whoever asks for another writes `rebuild`; the
relay then replays the journal for it, the partition's projector folds the replay into it (rebuild.py), and where both
generations stand at the same position, one script makes the new one serve. What it replaced goes after a grace period,
in which queries in flight may still read it. Each change here is one script that looks before it writes: repeated,
refused or cut off at any point, it does no harm.
"""

from collections.abc import Awaitable
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis

from projector.reaching import reaching_redis
from projector.store import Checkpoint
from read_model.schema.generations import ASK, STATE, Asked, Making, Purpose, arguments_of, asked, made
from read_model.schema.keys import Keys, replaced_key
from write_model.contracts.streams import Position, projected_key, rebuild_key, replay_key

GRACE_SECONDS: Final = 30
"""Longer than any query takes."""
DROPPED_AT_ONCE: Final = 500

# KEYS: rebuild, projected. ARGV: generation, seconds to want it for, milliseconds to hold what serves or ''.
_RENEW: Final = """
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'expires', time[1] + ARGV[2]) end
if ARGV[3] == '' then redis.call('HDEL', KEYS[2], 'held')
elseif redis.call('HEXISTS', KEYS[2], 'position') == 1 then
  redis.call('HSET', KEYS[2], 'held', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
end
return 1
"""

# KEYS: rebuild, projected, replay, replaced, the new generation's renames. ARGV: generation, grace in seconds.
_SWITCH: Final = """
local made = redis.call('HMGET', KEYS[1], 'generation', 'position', 'purpose', 'step')
local shown = redis.call('HMGET', KEYS[2], 'generation', 'position')
if made[1] ~= ARGV[1] or made[3] ~= 'rebuild' or made[2] ~= shown[2] then return 0 end
if redis.call('EXISTS', KEYS[5]) == 1 then return 0 end
redis.call('HSET', KEYS[2], 'generation', made[1], 'step', made[4] or '')
redis.call('HDEL', KEYS[2], 'held')
redis.call('ZADD', KEYS[4], redis.call('TIME')[1] + ARGV[2], shown[1])
redis.call('DEL', KEYS[1], KEYS[3])
return 1
"""

# KEYS: rebuild, projected, replay, replaced. ARGV: generation.
_GIVE_UP: Final = """
if redis.call('HGET', KEYS[1], 'generation') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], 'held')
redis.call('ZADD', KEYS[4], 0, ARGV[1])
redis.call('DEL', KEYS[1], KEYS[3])
return 1
"""

# KEYS: replaced. Answers a generation whose time has come.
_DUE: Final = "return redis.call('ZRANGE', KEYS[1], '-inf', redis.call('TIME')[1], 'BYSCORE', 'LIMIT', 0, 1)"

# KEYS: replaced, projected, rebuild, keys to drop. ARGV: generation, 'last' or ''. A Redis that went back may serve
# again what was replaced a moment ago.
_DROP: Final = """
local serves, made = redis.call('HGET', KEYS[2], 'generation'), redis.call('HGET', KEYS[3], 'generation')
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) or serves == ARGV[1] or made == ARGV[1] then return 0 end
for i = 4, #KEYS do redis.call('UNLINK', KEYS[i]) end
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
"""


class State(NamedTuple):
    """What serves, None while it is not complete; and what is in the making."""

    shown: Checkpoint | None
    making: Making | None

    @property
    def has_met(self) -> bool:
        """Whether both stand at the same position."""
        return bool(self.making and self.shown and self.making.position == self.shown.position)


class Generations:
    """The generations of one partition. Every method raises Unavailable where Redis fails."""

    def __init__(self, redis: Redis, partition: int, *, grace_seconds: int = GRACE_SECONDS) -> None:
        self._redis = redis
        self.partition = partition
        self._grace_seconds = grace_seconds
        self._rebuild, self._projected = rebuild_key(partition), projected_key(partition)
        self._replay, self._replaced = replay_key(partition), replaced_key(partition)
        scripts = (STATE, ASK, _RENEW, _SWITCH, _GIVE_UP, _DUE, _DROP)
        self._state, self._ask, self._renew, self._switch, self._give_up, self._due, self._drop = map(
            redis.register_script, scripts
        )

    async def state(self) -> State:
        """What serves and what is in the making, at one moment."""
        async with reaching_redis():
            *making, (generation, position, complete) = await self._state([self._rebuild, self._projected])
        checkpoint = Checkpoint(int(generation), Position.parse(position)) if generation and complete else None
        return State(checkpoint, made(*making))

    async def ask(self, purpose: Purpose, *, rate: float | None = None, seconds: float | None = None) -> Asked:
        """Ask for a new generation, or learn which one is in the making already; NotComplete.

        `rate`: events a second that may be replayed for it, of a rebuild in the making too. After so many `seconds`
        without `renew` it is given up; None: never.
        """
        async with reaching_redis():
            keys = [self._rebuild, self._projected, self._replay, self._replaced]
            return asked(await self._ask(keys, arguments_of(purpose, rate, seconds)))

    async def renew(self, generation: int, *, seconds: float | None = None, hold_ms: int | None = None) -> bool:
        """Go on wanting it for so many seconds, and hold what serves at its position or let it go (None).

        False where it is not made any more. A partition that is held takes in nothing, until it is let go or the time
        is over; a name on its way into orders goes on.
        """
        async with reaching_redis():
            arguments = [generation, "" if seconds is None else seconds, "" if hold_ms is None else hold_ms]
            return bool(await self._renew([self._rebuild, self._projected], arguments))

    async def switch(self, generation: int) -> bool:
        """Make it serve, if it stands where the one stands that serves, and has no rename left to do."""
        keys = [self._rebuild, self._projected, self._replay, self._replaced]
        async with reaching_redis():
            renames = Keys(self.partition, generation).renames()
            return bool(await self._switch([*keys, renames], [generation, self._grace_seconds]))

    async def give_up(self, generation: int) -> None:
        """Make it no longer; its keys will be dropped."""
        async with reaching_redis():
            await self._give_up([self._rebuild, self._projected, self._replay, self._replaced], [generation])

    async def drop_replaced(self) -> int:
        """Drop a generation whose time has come, in small steps; answers how many keys that were."""
        async with reaching_redis():
            due = await self._due([self._replaced])
        if not due:
            return 0
        generation, dropped, cursor = int(due[0]), 0, -1
        while cursor:
            async with reaching_redis():
                pattern = Keys(self.partition, generation).all()
                cursor, keys = await cast(
                    "Awaitable[tuple[int, list[Any]]]",
                    self._redis.scan(max(cursor, 0), match=pattern, count=DROPPED_AT_ONCE),
                )
                named = [self._replaced, self._projected, self._rebuild, *keys]
                if (keys or not cursor) and not await self._drop(named, [generation, "" if cursor else "last"]):
                    return dropped
            dropped += len(keys)
        return dropped
