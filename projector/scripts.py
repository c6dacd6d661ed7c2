"""The scripts by which a partition is read and changed, each from the checkpoint that it is told, or not at all."""

from typing import Final

# A partition that was never projected, or whose Redis was emptied, stands at the beginning of generation 1. The id of
# the step that came there is compared as well: a rename that is carried on changes rows without moving the position,
# and a Redis that went back may come to the same position by other steps.
CHECK: Final = """
local seen = redis.call('HMGET', KEYS[1], 'generation', 'position', 'step')
local generation, position, step = seen[1] or '1', seen[2] or '0-0', seen[3] or ''
if generation ~= ARGV[1] or position ~= ARGV[2] or step ~= ARGV[3] then
  return {0, generation, position, step}
end
"""

# KEYS: projected, the parked events, hashes. ARGV: generation, position, step, aggregates. Answers the hashes, which of
# the aggregates have parked events (parked.queue_of), and whether there are any.
READ: Final = (
    CHECK
    + """
local rows, parked, are_any = {}, {}, redis.call('EXISTS', KEYS[2])
for i = 3, #KEYS do rows[i - 2] = redis.call('HGETALL', KEYS[i]) end
if are_any == 1 then
  for i = 4, #ARGV do
    local first, last = '[' .. ARGV[i] .. '\\0', '(' .. ARGV[i] .. '\\0:'
    local head = ARGV[i] ~= '' and redis.call('ZRANGE', KEYS[2], first, last, 'BYLEX', 'LIMIT', 0, 1) or {}
    if #head > 0 then parked[#parked + 1] = ARGV[i] end
  end
end
return {1, rows, parked, are_any}
"""
)

# KEYS: projected, a sorted set. ARGV: generation, position, step, first and last rank.
RANKED: Final = CHECK + "return {1, redis.call('ZRANGE', KEYS[2], ARGV[4], ARGV[5], 'WITHSCORES')}"

# KEYS: projected, the parked events. ARGV: generation, position, step, how many members at most, then first and
# last of each queue. Answers for each queue its first members, as far as the limit goes for all together, and whether
# it has more.
QUEUES: Final = (
    CHECK
    + """
local limit, found = tonumber(ARGV[4]), {}
for i = 5, #ARGV, 2 do
  local members = redis.call('ZRANGE', KEYS[2], ARGV[i], ARGV[i + 1], 'BYLEX', 'LIMIT', 0, limit + 1)
  found[#found + 1] = {members, #members > limit and 1 or 0}
  if #members > limit then members[#members] = nil end
  limit = limit - #members
end
return {1, found}
"""
)

# KEYS: the checkpoint (projected, or rebuild for a generation in the making), the stream to announce in and to trim
# (feed, or replay), parked, requests, renames, discarded, then rows, sorted sets, counters and what follows, once each.
# ARGV: generation, position and step that this one began from, the position that it reached, 'complete' or '', the
# position below which that stream is trimmed, whose rename the step carries on or '', how far that has come, and the
# step's own id; then, each list preceded by its length:
#   rows:       number of fields and values, those
#   sets:       number of scores and members to add, those; number of members to remove, those
#   counters:   field, difference
#   numbers:    number of numbers that enter, those; number of numbers that leave, those
#   columns:    number of arguments of BITFIELD, those
#   lists:      number of elements at their end, those; before all of them, how many elements a list keeps
#   parked:     member, number of fields and values, those
#   left:       member
#   given up:   number of members and asks, those, for all together
#   answers:    request where it is over or '', seconds to keep, events projected, number of fields and values, those
#   notices:    position, text
# A partition that comes to be complete says by which step: no two times are told apart otherwise (Reader.read).
# A partition that is held (generations.py) takes nothing in, and says so by refusing a step from its very checkpoint.
# A counter at zero is not kept. A set of numbers becomes a bitmap once it has so many that the bitmap is the smaller.
# What can be one command is one: Redis logs and replicates each that a script calls, half of what a step costs.
# A feed that is ahead of the checkpoint (which was lost, or set back) has said already what it refuses here.
APPLY: Final = (
    CHECK
    + """
local held = ARGV[7] == '' and redis.call('HGET', KEYS[1], 'held')
if held and tonumber(held) > redis.call('TIME')[1] * 1000 then return {0, generation, position, step} end
if ARGV[7] ~= '' and redis.call('ZSCORE', KEYS[5], ARGV[7]) ~= ARGV[8] then
  return {0, generation, position, step}
end
local a, k = 10, 6
local function take() a = a + 1 return ARGV[a - 1] end
local function number() return tonumber(take()) end
local function key() k = k + 1 return KEYS[k] end
local function call(name, where, n)
  while n > 0 do
    local part = math.min(n, 1000)
    redis.call(name, where, unpack(ARGV, a, a + part - 1))
    a, n = a + part, n - part
  end
end
local function bits(where, bit, numbers, first, n)
  for i = first, first + n - 1, 500 do
    local changes = {}
    for j = i, math.min(i + 499, first + n - 1) do
      local at = #changes
      changes[at + 1], changes[at + 2], changes[at + 3], changes[at + 4] = 'SET', 'u1', numbers[j], bit
    end
    redis.call('BITFIELD', where, unpack(changes))
  end
end
for _ = 1, number() do call('HSET', key(), number()) end
for _ = 1, number() do
  local where = key()
  call('ZADD', where, number())
  call('ZREM', where, number())
end
for _ = 1, number() do
  local where, field = key(), take()
  if redis.call('HINCRBY', where, field, take()) == 0 then redis.call('HDEL', where, field) end
end
for _ = 1, number() do
  local where, highest = key(), 0
  local is_bitmap = redis.call('TYPE', where).ok == 'string'
  for bit, change in ipairs({'SADD', 'SREM'}) do
    local n = number()
    for i = a, a + n - 1 do highest = math.max(highest, tonumber(ARGV[i])) end
    if is_bitmap then
      bits(where, 2 - bit, ARGV, a, n)
      a = a + n
    else call(change, where, n) end
  end
  local size = is_bitmap and 0 or redis.call('SCARD', where)
  if size > 512 and size * 256 > highest then
    local members = redis.call('SMEMBERS', where)
    redis.call('DEL', where)
    bits(where, 1, members, 1, size)
  end
end
for _ = 1, number() do call('BITFIELD', key(), number()) end
local kept = number()
for _ = 1, number() do
  local where = key()
  call('RPUSH', where, number())
  if redis.call('LLEN', where) > kept then redis.call('LTRIM', where, -kept, -1) end
end
for _ = 1, number() do
  local where = key()
  redis.call('ZADD', KEYS[3], 0, take())
  redis.call('DEL', where)
  call('HSET', where, number())
end
for _ = 1, number() do
  redis.call('DEL', key())
  redis.call('ZREM', KEYS[3], take())
end
call('HSET', KEYS[6], number())
for _ = 1, number() do
  local where, request, seconds = key(), take(), take()
  redis.call('HINCRBY', where, 'projected', take())
  call('HSET', where, number())
  redis.call('EXPIRE', where, seconds)
  if request ~= '' then redis.call('XDEL', KEYS[4], request) end
end
for _ = 1, number() do
  local reply = redis.pcall('XADD', KEYS[2], take(), 'change', take())
  if reply.err and not string.find(reply.err, 'equal or smaller', 1, true) then return reply end
end
redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[6])
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'position', ARGV[4], 'step', ARGV[9])
if ARGV[5] ~= '' then redis.call('HSETNX', KEYS[1], ARGV[5], ARGV[9]) end
return {1}
"""
)
