-- The second part: one page of the products that search_matches.lua has found, in order.

local sub, format = string.sub, string.format
local order, labels, names, ids = KEYS[1], KEYS[2], KEYS[4], KEYS[5]
local by_name = ARGV[5] == '1'

-- One way to a page: walk along the order, and take what matches. Answers nil where that takes too many steps.
local function walk(low, high, downward, limit, steps)
  local found, chunk = {}, math.min(1000, 2 * limit)
  while steps > 0 do
    local members
    if downward then
      members = redis.call('ZRANGE', order, high, low, 'BYLEX', 'REV', 'LIMIT', 0, chunk)
    else
      members = redis.call('ZRANGE', order, low, high, 'BYLEX', 'LIMIT', 0, chunk)
    end
    for _, member in ipairs(members) do
      if has(tonumber(sub(member, -7))) then
        found[#found + 1] = member
        if #found == limit then return found end
      end
    end
    if #members < chunk then return found end
    local last = '(' .. members[chunk]
    if downward then high = last else low = last end
    steps, chunk = steps - chunk, math.min(1000, 2 * chunk)
  end
  return nil
end

-- The label of a bound, and the number that a product of that label must be beyond.
local function edge(bound, open_end, inward)
  if #bound == 1 then return open_end, -1 end
  if by_name then return struct.unpack('>I6', bound, 2), -1 end
  local number = tonumber(sub(bound, 17)) or -1
  if number >= 0 and sub(bound, 1, 1) == '[' then number = number - inward end
  return tonumber(sub(bound, 2, 16)), number
end

-- Products whose names begin with the same label, in order: few of many are told by their ranks, else they are met soon.
local function same_beginning(numbers, label, low, high, downward, limit)
  if not low then low = '[' .. struct.pack('>I6', label) end
  if not high then high = '(' .. struct.pack('>I6', label + 1) end
  local count = redis.call('ZLEXCOUNT', order, low, high)
  if limit * count < 3 * #numbers * #numbers then return walk(low, high, downward, limit, count + 1) end
  local opposite = sub(low, 1, 1) == '(' and '[' or '('
  local first = redis.call('ZLEXCOUNT', order, '-', opposite .. sub(low, 2))
  local ranks, member_at = {}, {}
  for _, number in ipairs(numbers) do
    local member = redis.call('ZRANGE', names, number, number, 'BYSCORE')[1]
    local rank = redis.call('ZRANK', order, member)
    if rank >= first and rank < first + count then
      if downward then rank = -rank end
      ranks[#ranks + 1] = rank
      member_at[rank] = member
    end
  end
  table.sort(ranks)
  local found = {}
  for i = 1, math.min(limit, #ranks) do found[i] = member_at[ranks[i]] end
  return found
end

-- The other way: look at the labels of all that match, and put the first ones in order.
local function pick(low, high, downward, limit)
  local lowest, beyond_low = edge(low, -1, 1)
  local highest, beyond_high = edge(high, 2 ^ 53, -1)
  if lowest > highest then return {} end
  local sign = downward and -1 or 1
  local numbers = {}
  for _, b in ipairs(in_order) do
    local block = matches[b]
    for w = 1, 16 do
      if block[w] ~= 0 then collect(block[w], b * 512 + w * 32 - 32, numbers) end
    end
  end
  local keys, best, worst = {}, {}, math.huge
  for i, label in ipairs(labels_of(labels, numbers)) do
    local key = sign * label
    if label <= lowest or label >= highest then
      local number = numbers[i]
      if by_name then
        -- One whose label is a bound's may lie beyond that bound: it must not displace others.
        if label == lowest or label == highest then keys[i] = key end
      elseif
        (label > lowest or label == lowest and number > beyond_low)
        and (label < highest or label == highest and number < beyond_high)
      then
        keys[i] = key
        best[#best + 1] = key
      end
    elseif key <= worst then
      keys[i] = key
      if key < worst then
        best[#best + 1] = key
        if #best > 4 * limit + 50 then
          table.sort(best)
          worst = best[limit]
          for j = #best, limit + 1, -1 do best[j] = nil end
        end
      end
    end
  end
  table.sort(best)
  local enough = best[limit] or math.huge
  local groups, sorted = {}, {}
  for i = 1, #numbers do
    local key = keys[i]
    if key and key <= enough then
      local group = groups[key]
      if not group then
        group = {}
        groups[key] = group
        sorted[#sorted + 1] = key
      end
      group[#group + 1] = numbers[i]
    end
  end
  table.sort(sorted)
  local found = {}
  for _, key in ipairs(sorted) do
    local group, label, room = groups[key], sign * key, limit - #found
    if by_name then
      local from, to = label == lowest and low or nil, label == highest and high or nil
      for _, member in ipairs(same_beginning(group, label, from, to, downward, room)) do found[#found + 1] = member end
    else
      for i = 1, math.min(room, #group) do
        found[#found + 1] = format('%015.0f%07d', label, group[downward and #group + 1 - i or i])
      end
    end
    if #found == limit then break end
  end
  return found
end

local function page(low, high, downward, limit)
  if total == 0 then return {} end
  local all, steps = redis.call('ZCARD', order), 200 + total / 5
  local found
  if math.min(all, limit * all / total) <= steps then found = walk(low, high, downward, limit, steps) end
  return found or pick(low, high, downward, limit)
end

local function asked(i) return ARGV[i], ARGV[i + 1], ARGV[i + 2] == '1', tonumber(ARGV[i + 3]) end

local members, their_ids, answers = page(asked(8)), {}, {}
for i, member in ipairs(members) do
  local at = tonumber(sub(member, -7)) * 32
  their_ids[i] = redis.call('GETRANGE', ids, at, at + 31)
end
for i = 12, #ARGV, 4 do answers[#answers + 1] = #page(asked(i)) end
return {total, members, their_ids, answers}
