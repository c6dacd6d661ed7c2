/**
 * Runs the recipes against a server, as a customer, and prints a line of JSON for each step.
 *
 * `node tour.js urql`, `node tour.js urql events` (subscriptions as server-sent events), `node tour.js apollo`,
 * `node tour.js order <id>`, `node tour.js orders`, `node tour.js queued`.
 * ORDERSTREAM_URL and ORDERSTREAM_TOKEN are in the environment.
 */

import WebSocket from 'ws';
import { Basket } from './basket.js';
import { keyOf, receiptOf } from './commands.js';
import { connect, followOrder, followOrders } from './graphql-ws.js';
import { CANCEL_ORDER, ORDERS, POSITION } from './operations.js';
import { PLACE_ORDER_LATER, queue, settled } from './queued.js';

// What browsers have, and Node in some of its versions.
globalThis.WebSocket ??= WebSocket;
globalThis.crypto ??= (await import('node:crypto')).webcrypto;
const storage = { items: new Map() };
storage.getItem = (name) => storage.items.get(name) ?? null;
storage.setItem = (name, value) => storage.items.set(name, value);
storage.removeItem = (name) => storage.items.delete(name);

const url = process.env.ORDERSTREAM_URL ?? 'http://127.0.0.1:8000/graphql';
const getToken = () => process.env.ORDERSTREAM_TOKEN;
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }));
const shippingAddress = {
  recipient: 'Ada Lovelace', street: "12 St James's Square", city: 'London', postalCode: 'SW1Y 4JH', countryCode: 'GB',
};

const ask = async (query) => {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${getToken()}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await response.json()).data;
};

async function shop(library, transport) {
  const { createShop, run, placeOrder, readOrder, showOrders, watchProduct } = await import(`./${library}.js`);
  const client = createShop(url, getToken, transport === 'events' ? undefined : connect(url, getToken));
  const { me, products } = await run(
    client, '{ me { id } products(first: 2, filter: { inStock: true }) { edges { node { id available } } } }',
  );
  const [tea, cup] = products.edges.map((edge) => edge.node);
  const order = (quantity) => ({ customerId: me.id, lines: [{ productId: tea.id, quantity }], shippingAddress });

  // A product that is watched shows its stock go down.
  let sold;
  const isSold = new Promise((resolve) => (sold = resolve));
  await new Promise((isShown) => {
    const stop = watchProduct(client, tea.id, ({ available }) => {
      say('watched', { available });
      isShown();
      if (available < tea.available) sold(stop);
    });
  });

  const key = keyOf('checkout', storage);
  const receipt = await placeOrder(client, order(1), key);
  say('placed', receipt);
  say('placed again', await placeOrder(client, order(1), keyOf('checkout', storage)));
  say('read', { order: await readOrder(client, receipt) });
  (await isSold)();

  const broken = { ...order(1), shippingAddress: { ...shippingAddress, city: '', countryCode: 'Britain' } };
  for (const input of [broken, order(10_000)]) {
    await placeOrder(client, input, crypto.randomUUID()).catch(({ message, userErrors, byInput }) =>
      say('refused', { message, codes: userErrors.map((error) => error.code), byInput }),
    );
  }
  await run(client, '{ orders(first: 101) { totalCount } }').catch(({ graphQLErrors, errors }) =>
    say('failed', { codes: (graphQLErrors ?? errors).map((error) => error.extensions.code) }),
  );

  for (let quantity = 1; quantity <= 4; quantity++) {
    await readOrder(client, await placeOrder(client, order(quantity), crypto.randomUUID()));
  }
  let latest;
  await new Promise((isAll) => {
    const more = showOrders(client, me.id, ({ edges, totalCount }) => {
      const isPage = edges.length !== latest?.length;
      latest = edges.map((edge) => edge.node);
      if (!isPage) return;
      say('page', { ids: latest.map((order) => order.id), totalCount });
      more().then((isThere) => isThere || isAll());
    }, 2);
  });
  // The list shows what happens to an order that is read anew.
  const { cancelOrder } = await run(client, CANCEL_ORDER, { input: { orderId: receipt.id, reason: 'CUSTOMER_REQUEST' } });
  await readOrder(client, receiptOf(cancelOrder));
  await new Promise((views) => setTimeout(views)); // are told a moment later
  say('listed', { statuses: latest.map((order) => order.status) });

  const basket = await Basket.open((...asked) => run(client, ...asked), me.id, storage);
  await basket.add(tea.id, 1);
  await basket.add(cup.id, 2);
  const early = await basket.read();
  await basket.change(cup.id, 3);
  await basket.remove(tea.id);
  await basket.submit(early, shippingAddress).catch(({ userErrors }) => say('changed', { code: userErrors[0].code }));
  const seen = await basket.read();
  await basket.submit(seen, shippingAddress);
  say('bought', { seen, order: await basket.read() });
}

async function order(id) {
  const socket = connect(url, getToken);
  const stop = followOrder(socket, id, 0, (change) => {
    say('change', change);
    if (['DELIVERED', 'CANCELLED'].includes(change.status)) stop();
  });
}

async function orders(after) {
  const stop = await followOrders(connect(url, getToken), {
    position: async () => {
      const position = after ?? (await ask(POSITION)).projection.position;
      after = undefined;
      return position;
    },
    read: async () => say('read', (await ask(ORDERS)).orders),
    onChange: (change) => {
      say('change', change);
      if (change.status === 'CANCELLED') stop();
    },
  });
}

async function queued() {
  const live = connect(url, getToken);
  const { me, products } = await ask('{ me { id } products(first: 1, filter: { inStock: true }) { nodes { id } } }');
  for (const quantity of [1, 10_000]) {
    const input = { customerId: me.id, lines: [{ productId: products.nodes[0].id, quantity }], shippingAddress };
    const id = await queue(live, PLACE_ORDER_LATER, { input, key: crypto.randomUUID() });
    say('settled', await settled(live, id));
  }
}

const [what, ...details] = process.argv.slice(2);
const parts = { order, orders, queued };
await (what in parts ? parts[what](...details) : shop(what, ...details));
