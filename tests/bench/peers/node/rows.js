// The layout of this system's read model (read_model/schema): rows of JSON fragments, lists as sorted sets, the search
// as its own script. What the API checks beside that, a complete partition and who asks, is left out.
import { readFileSync } from 'node:fs';

import Redis from 'ioredis';

import { money, page } from './schema.js';

const PARTITIONS = 8;
const GENERATION = 1;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const HIGHEST_LABEL = 2 ** 48 - 1;
const LINE_WIDTH = 6;
const SCRIPT = ['matches', 'page']
  .map((part) => readFileSync(new URL(`../../../../read_model/search_${part}.lua`, import.meta.url), 'utf8'))
  .join('');

const split = (text) => JSON.parse(`[${text.replaceAll('\n', ',')}]`);

function keyOf(id, rest) {
  const slot = ALPHABET.indexOf(id.at(-2)) * ALPHABET.length + ALPHABET.indexOf(id.at(-1));
  return `{p${slot % PARTITIONS}}:${GENERATION}:${rest}`;
}

export function open(url) {
  const redis = new Redis(url, { enableAutoPipelining: true });

  async function order(id) {
    const [summary, lines] = await redis.hmget(keyOf(id, `order:${id}`), 'summary', 'lines');
    return summary === null ? null : asOrder(split(summary), split(lines));
  }

  return {
    order,
    async orders(customerId, first) {
      const key = keyOf(customerId, `orders:of:${customerId}`);
      const [ids, total] = await Promise.all([
        redis.zrange(key, '+', '-', 'BYLEX', 'REV', 'LIMIT', 0, first + 1),
        redis.zcard(key),
      ]);
      return page(await Promise.all(ids.map(order)), first, total);
    },
    async products(search, first) {
      const catalogue = (rest) => `{p0}:${GENERATION}:products:${rest}`;
      const keys = ['by:name', 'labels:name', 'labels:price', 'names', 'ids', 'with:active', `with:word:${search}`];
      const [total, , ids] = await redis.call(
        'EVAL_RO', SCRIPT, keys.length, ...keys.map(catalogue), 2, 0, 0, 0, '1', 0, HIGHEST_LABEL, '-', '+', '', first + 1,
      );
      const rows = await Promise.all(ids.map((id) => redis.hget(`{p0}:${GENERATION}:product:${id}`, 'summary')));
      return page(rows.map((row) => asProduct(split(row))), first, total);
    },
    resolvers: {},
  };
}

function asOrder(summary, leaves) {
  const [id, version, status, customerId, customerName, itemCount, total, currency, , createdAt] = summary;
  const lines = [];
  for (let i = 0; i < leaves.length; i += LINE_WIDTH) {
    const [productId, sku, name, quantity, unitPrice, lineTotal] = leaves.slice(i, i + LINE_WIDTH);
    lines.push({
      productId, sku, name, quantity, unitPrice: money(unitPrice, currency), lineTotal: money(lineTotal, currency),
    });
  }
  return {
    id, version, status, itemCount, createdAt, lines,
    total: money(total, currency),
    customer: { id: customerId, name: customerName },
  };
}

function asProduct([id, , sku, name, , category, price, currency, available, status]) {
  return { id, sku, name, category, available, status, price: money(price, currency) };
}
