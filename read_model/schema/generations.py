"""A generation in the making: how it is asked for, and how far it has come; its keys are told in contracts.streams."""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from write_model.contracts.streams import Position

Purpose = Literal["rebuild", "verify"]

# KEYS: rebuild, projected. Only reads.
STATE: Final = """
local expired, expires = '', redis.call('HGET', KEYS[1], 'expires')
if expires and tonumber(expires) < tonumber(redis.call('TIME')[1]) then expired = '1' end
return {
  redis.call('HMGET', KEYS[1], 'generation', 'position', 'purpose', 'problem', 'passed', 'total'), expired,
  redis.call('HMGET', KEYS[2], 'generation', 'position', 'complete')
}
"""

# KEYS: rebuild, projected, replay, replaced. ARGV: purpose, rate or '', seconds after which nobody wants it any more or
# ''. Answers 'asked' or 'there', with generation and purpose, or 'incomplete'. A number is never used again. A rebuild
# that cannot go on, and that nobody waits for, gives way to another.
ASK: Final = """
local there = redis.call('HMGET', KEYS[1], 'generation', 'purpose', 'problem')
if there[1] and there[2] == 'rebuild' and (there[3] or '') ~= '' then
  redis.call('HDEL', KEYS[2], 'held')
  redis.call('ZADD', KEYS[4], 0, there[1])
  there = {}
end
if there[1] then
  if ARGV[1] == 'rebuild' and there[2] == 'rebuild' and ARGV[2] ~= '' then
    redis.call('HSET', KEYS[1], 'rate', ARGV[2])
  end
  return {'there', there[1], there[2]}
end
local shown = redis.call('HMGET', KEYS[2], 'generation', 'complete', 'latest')
if not shown[1] or not shown[2] then return {'incomplete'} end
local generation = math.max(tonumber(shown[1]), tonumber(shown[3] or 0)) + 1
redis.call('HSET', KEYS[2], 'latest', generation)
redis.call('DEL', KEYS[1], KEYS[3])
redis.call('HSET', KEYS[1], 'generation', generation, 'position', '0-0', 'purpose', ARGV[1], 'rate', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'expires', redis.call('TIME')[1] + ARGV[3]) end
return {'asked', tostring(generation), ARGV[1]}
"""


class NotComplete(Exception):
    """The partition's read model is being prepared, there is nothing that a generation could be made beside."""


class Making(NamedTuple):
    """A generation in the making, and how far it has come.

    `passed` of `total` events of the journal were replayed for it, those of other partitions included. `problem`: why
    it cannot be finished, or empty. `expired`: whoever wanted it is gone.
    """

    generation: int
    position: Position
    purpose: Purpose
    problem: str
    passed: int
    total: int
    expired: bool


class Asked(NamedTuple):
    """The generation in the making; `is_new` where it was not asked for before."""

    generation: int
    purpose: Purpose
    is_new: bool


def made(fields: Sequence[Any], expired: str) -> Making | None:
    """The first two parts of the reply to STATE; None where no generation is made."""
    generation, position, purpose, problem, passed, total = fields
    if not generation:
        return None
    return Making(
        *(int(generation), Position.parse(position), cast(Purpose, purpose), problem or ""),
        *(int(passed or 0), int(total or 0), bool(expired)),
    )


def arguments_of(purpose: Purpose, rate: float | None, seconds: float | None) -> list[str | float]:
    """ARGV of ASK."""
    return [purpose, "" if rate is None else rate, "" if seconds is None else seconds]


def asked(reply: Sequence[Any]) -> Asked:
    """The reply to ASK; NotComplete."""
    if reply[0] == "incomplete":
        raise NotComplete
    return Asked(int(reply[1]), cast(Purpose, reply[2]), reply[0] == "asked")
