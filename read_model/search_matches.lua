-- Finds the products of a list: this part finds out which they are, search_page.lua puts a page of them in order.
--
-- KEYS: the order's sorted set, its labels, the labels by price, the names by number, the ids; then sets of numbers:
--   those that a product must be in, those that it must not be in, and those that leave its price in doubt: of them,
--   at most one whose absence does, then at most one whose presence does.
-- ARGV: how many of each of these four; whether the order is by name ('1' or '');
--   the lowest price, and the one above the highest;
--   the page: low and high bound (of ZRANGE BYLEX), downward ('1' or ''), how many at most;
--   then, for each question whether there is another product, the same.
-- Answers the number of products, members, their ids, and 1 or 0 to each question.

local band, bor, bnot, lshift = bit.band, bit.bor, bit.bnot, bit.lshift
local floor = math.floor

-- Sets of numbers are taken in blocks of 512 numbers: 16 words of 32 bits, the first number in the highest bit.
local BLOCK = '>' .. string.rep('I4', 16)

local function few(key)
  local blocks = {}
  for _, number in ipairs(redis.call('SMEMBERS', key)) do
    local b, w = floor(number / 512), floor(number % 512 / 32) + 1
    local block = blocks[b]
    if not block then
      block = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
      blocks[b] = block
    end
    block[w] = bor(block[w], lshift(1, 31 - number % 32))
  end
  return function(b) return blocks[b] end, blocks
end

local function many(key)
  local bits = redis.call('GET', key)
  local blocks = math.ceil(#bits / 64)
  bits = bits .. string.rep('\0', blocks * 64 - #bits)
  return function(b) return b < blocks and {struct.unpack(BLOCK, bits, b * 64 + 1)} or nil end, blocks
end

local function kind(key) return redis.call('TYPE', key).ok end

local function open(key)
  if kind(key) == 'string' then return (many(key)) end
  return (few(key))
end

-- The products that match, by block: first the smallest set, then what the others leave of it.
local function smallest(last)
  local found, size
  for i = 6, last do
    local key = KEYS[i]
    if kind(key) ~= 'string' then
      local count = redis.call('SCARD', key)
      if not size or count < size then found, size = key, count end
    end
  end
  return found
end

local matches = {}

local function keep(left)
  for b, block in pairs(matches) do
    local any = 0
    local other = left(b, block)
    if other then
      for w = 1, 16 do
        local word = band(block[w], other[w])
        block[w] = word
        if word ~= 0 then any = 1 end
      end
    end
    if any == 0 then matches[b] = nil end
  end
end

local function without(set)
  return function(b)
    local block = set(b)
    if not block then return matches[b] end
    for w = 1, 16 do block[w] = bnot(block[w]) end
    return block
  end
end

-- The numbers whose bits are set in a word, above `first`: ascending.
local OFFSETS = {}
local function offsets(byte)
  local found = OFFSETS[byte]
  if not found then
    found = {}
    for i = 0, 7 do
      if floor(byte / 2 ^ (7 - i)) % 2 == 1 then found[#found + 1] = i end
    end
    OFFSETS[byte] = found
  end
  return found
end

local function collect(word, first, into)
  if word < 0 then word = word + 4294967296 end
  local shift = 16777216
  for i = 0, 24, 8 do
    local byte = floor(word / shift) % 256
    if byte ~= 0 then
      for _, offset in ipairs(offsets(byte)) do into[#into + 1] = first + i + offset end
    end
    shift = shift / 256
  end
end

-- What a column has for each of the numbers.
local function labels_of(key, numbers)
  local found, unpack = {}, struct.unpack
  if #numbers <= 100 then
    for i, number in ipairs(numbers) do
      found[i] = unpack('>I6', redis.call('GETRANGE', key, number * 6, number * 6 + 5))
    end
  else
    local column = redis.call('GET', key)
    for i = 1, #numbers do found[i] = unpack('>I6', column, numbers[i] * 6 + 1) end
  end
  return found
end

-- Prices that a mark does not decide are looked at.
local function check_prices(doubtful)
  local numbers = {}
  for b, block in pairs(matches) do
    local doubts = doubtful(b)
    if doubts then
      for w = 1, 16 do
        local word = band(block[w], doubts[w])
        if word ~= 0 then collect(word, b * 512 + w * 32 - 32, numbers) end
      end
    end
  end
  local lowest, above = tonumber(ARGV[6]), tonumber(ARGV[7])
  for i, price in ipairs(labels_of(KEYS[3], numbers)) do
    local number = numbers[i]
    if price < lowest or price >= above then
      local block, w = matches[floor(number / 512)], floor(number % 512 / 32) + 1
      block[w] = band(block[w], bnot(lshift(1, 31 - number % 32)))
    end
  end
end

do
  local last = 5 + ARGV[1]
  local first = smallest(last)
  if first then
    local _, blocks = few(first)
    matches = blocks
  else
    local set, blocks = many(KEYS[6])
    first = KEYS[6]
    for b = 0, blocks - 1 do matches[b] = set(b) end
  end
  for i = 6, last do
    if KEYS[i] ~= first then keep(open(KEYS[i])) end
  end
  for i = last + 1, last + ARGV[2] do keep(without(open(KEYS[i]))) end
  last = last + ARGV[2]
  if ARGV[3] == '1' then check_prices(without(open(KEYS[last + 1]))) end
  if ARGV[4] == '1' then check_prices(open(KEYS[#KEYS])) end
end

local total, in_order = 0, {}
do
  local ones = {[0] = 0}
  for i = 1, 255 do ones[i] = i % 2 + ones[floor(i / 2)] end
  for b, block in pairs(matches) do
    in_order[#in_order + 1] = b
    for w = 1, 16 do
      local word = block[w]
      if word ~= 0 then
        if word < 0 then word = word + 4294967296 end
        local low, high = word % 65536, floor(word / 65536)
        total = total + ones[low % 256] + ones[floor(low / 256)] + ones[high % 256] + ones[floor(high / 256)]
      end
    end
  end
  table.sort(in_order)
end

local function has(number)
  local block = matches[floor(number / 512)]
  return block and band(block[floor(number % 512 / 32) + 1], lshift(1, 31 - number % 32)) ~= 0
end
