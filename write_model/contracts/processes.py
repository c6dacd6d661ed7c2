"""Where the processes that are alive tell their statistics (JSON, telemetry.statistics); gone soon after they are."""

from typing import Final

from write_model.contracts.streams import hash_tag

PROCESSES_KEY: Final = f"{hash_tag(0)}:processes"
"""Redis hash with an expiry: by the process's id what it told last, after the millisecond until which that counts.

It stands beside what it is read with, in the first partition's slot.
"""

EXPIRY_MS: Final = 5_000

TELL: Final = """
-- KEYS: processes. ARGV: id, expiry in ms, what it tells. All go by the server's clock, whatever their own say.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local told = redis.call('HGETALL', KEYS[1])
for i = 1, #told, 2 do
  if tonumber(string.match(told[i + 1], '^%d+')) < now then redis.call('HDEL', KEYS[1], told[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[2]) .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

HEAR: Final = """
-- KEYS: processes. Answers what those tell that are alive.
local time = redis.call('TIME')
local now, heard = time[1] * 1000 + math.floor(time[2] / 1000), {}
for _, told in ipairs(redis.call('HVALS', KEYS[1])) do
  local until_ms, text = string.match(told, '^(%d+) (.*)$')
  if tonumber(until_ms) >= now then heard[#heard + 1] = text end
end
return heard
"""
