-- The members of a range that stand in all of the sets: the set that has the fewest is walked, the others are asked.
-- KEYS: sorted sets, every score 0. ARGV: low and high bound, downward ('1' or ''), how many at most; 0: only counts.
local low, high, downward, limit = ARGV[1], ARGV[2], ARGV[3] == '1', tonumber(ARGV[4])
local fewest, walked
for i, key in ipairs(KEYS) do
  local size = redis.call('ZLEXCOUNT', key, low, high)
  if not fewest or size < fewest then fewest, walked = size, i end
end
local found, count = {}, 0
for offset = 0, fewest - 1, 500 do
  local part
  if downward then
    part = redis.call('ZRANGE', KEYS[walked], high, low, 'BYLEX', 'REV', 'LIMIT', offset, 500)
  else
    part = redis.call('ZRANGE', KEYS[walked], low, high, 'BYLEX', 'LIMIT', offset, 500)
  end
  for i, key in ipairs(KEYS) do
    if i ~= walked and #part > 0 then
      local scores, rest = redis.call('ZMSCORE', key, unpack(part)), {}
      for n, member in ipairs(part) do
        if scores[n] then rest[#rest + 1] = member end
      end
      part = rest
    end
  end
  count = count + #part
  for _, member in ipairs(part) do
    if #found < limit then found[#found + 1] = member end
  end
  if limit > 0 and count >= limit then break end
end
if limit > 0 then return found end
return count
