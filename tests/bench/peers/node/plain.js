// The layout of plain hashes, one for each thing, and a sorted set for each list. ioredis puts what is asked in the
// same tick into one pipeline, so that a customer a row costs no round trip a row.
import Redis from 'ioredis';

import { money, page } from './schema.js';

const DATABASE = 1;

export function open(url) {
  const redis = new Redis(new URL(`/${DATABASE}`, url).href, { enableAutoPipelining: true });

  async function order(id) {
    const row = await redis.hgetall(`order:${id}`);
    return row.id ? asOrder(row) : null;
  }

  async function product(id) {
    const row = await redis.hgetall(`product:${id}`);
    return { ...row, available: Number(row.available), price: money(row.price, row.currency) };
  }

  return {
    order,
    async orders(customerId, first) {
      const key = `orders:${customerId}`;
      const [ids, total] = await Promise.all([redis.zrange(key, 0, first, 'REV'), redis.zcard(key)]);
      return page(await Promise.all(ids.map(order)), first, total);
    },
    async products(search, first) {
      const key = `products:${search}`;
      const [members, total] = await Promise.all([redis.zrange(key, 0, first), redis.zcard(key)]);
      return page(await Promise.all(members.map((member) => product(member.split('\0')[1]))), first, total);
    },
    resolvers: {
      Order: { customer: ({ customerId }) => redis.hgetall(`customer:${customerId}`) },
    },
  };
}

function asOrder(row) {
  return {
    ...row,
    version: Number(row.version),
    itemCount: Number(row.itemCount),
    total: money(row.total, row.currency),
    lines: JSON.parse(row.lines).map((line) => ({
      ...line,
      unitPrice: money(line.unitPrice, row.currency),
      lineTotal: money(line.lineTotal, row.currency),
    })),
  };
}
