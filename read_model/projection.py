"""The query for how far the read model has come."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from read_model.changes import Changes
from read_model.connection import Reader
from read_model.multiplexed import Command, Replies
from read_model.schema.keys import Keys
from write_model.contracts.streams import BEGINNING, Position, Token, events_key, projected_key

COUNTED: Final = 1_000
"""Events looked at per partition: a backlog beyond that is reported as at least so large."""
PAGES: Final = 20
"""Of so many entries are looked at: four watermarks a second come between the events, for over an hour."""

# KEYS: events, projected. Answers the position shown, how many events are above it, and what tells the age of the
# first of those: its position, when its command was taken (empty in none), and the server's time.
_LAG: Final = """
local state = redis.call('HMGET', KEYS[2], 'position', 'complete')
local position = state[1] or '0-0'
local count, oldest, taken, last = 0, '', '', position
local most = tonumber(ARGV[1])
for page = 1, tonumber(ARGV[2]) do
  local entries = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', most)
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    last = entry[1]
    if fields[1] ~= 'watermark' and count < most then
      count = count + 1
      if count == 1 then
        oldest = entry[1]
        for i = 1, #fields, 2 do if fields[i] == 'at' then taken = fields[i + 1] end end
      end
    end
  end
  if #entries < most or count >= most then break end
end
return {state[2] and position or '0-0', count, oldest, taken, redis.call('TIME')}
"""


class Lag(NamedTuple):
    """One partition's part of it; `position` is what it shows, as Redis has it."""

    position: Position
    events: int
    seconds: float
    parked: int


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Everything committed up to `position` is shown, in all partitions.

    `lag_events` counts the events in the streams above what is projected, up to 1,000 a partition, watermarks left
    out. `lag_seconds` is the age of the oldest of them by the clock of Redis, 0 when there is none. What is parked is
    not shown, although `position` is past it.
    """

    position: Token
    lag_events: int
    lag_seconds: float
    parked_events: int


async def projection_status(reader: Reader, changes: Changes) -> ProjectionStatus:
    """How far the read model has come, also while it is being prepared; Unavailable. One round trip."""
    lags = await lag_by_partition(reader)
    # What this process has not heard of yet would make whoever passes the token on wait.
    shown = [min(lag.position, changes.position(partition)) for partition, lag in lags.items()]
    return ProjectionStatus(
        Token.at(min(shown, default=BEGINNING), lags),
        sum(lag.events for lag in lags.values()),
        round(max((lag.seconds for lag in lags.values()), default=0.0), 3),
        sum(lag.parked for lag in lags.values()),
    )


async def lag_by_partition(reader: Reader) -> dict[int, Lag]:
    """What `projection_status` says of all, of each partition; Unavailable. One round trip."""
    replies = await reader.read(dict.fromkeys(range(reader.partitions), lag_asked), complete=False)
    return {partition: lag_told(reply) for partition, reply in replies.items()}


def lag_asked(keys: Keys) -> list[Command]:
    """What is asked about a partition."""
    p = keys.partition
    return [("EVAL_RO", _LAG, 2, events_key(p), projected_key(p), COUNTED, PAGES), ("ZCARD", keys.parked())]


def lag_told(reply: Replies) -> Lag:
    """What the reply says."""
    (position, count, oldest, taken, (seconds, microseconds)), parked = reply
    now = int(seconds) + int(microseconds) / 1e6
    age = max(0.0, now - _committed_at(Position.parse(oldest), taken)) if count else 0.0
    return Lag(Position.parse(position), count, age, parked)


def _committed_at(position: Position, taken: str) -> float:
    """Unix time of a commit: its position says the second; within that, the moment when its command was taken."""
    second = position.ms / 1000
    try:
        return min(max(second, datetime.fromisoformat(taken).timestamp()), second + 1)
    except ValueError:
        # An event that cannot be read is late as well.
        return second
