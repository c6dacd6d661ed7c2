/** urql: the client, commands, reads and pages of a small shop. */

import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { retryExchange } from '@urql/exchange-retry';
import { mayRepeat, receiptOf } from './commands.js';
import { ORDER, ORDERS, PLACE_ORDER, PRODUCT_CHANGED } from './operations.js';

// #region client
const WITHOUT_ID = [
  'Address', 'Category', 'CommandResult', 'DailySales', 'Money', 'OrderChange', 'OrderCount', 'OrderLine',
  'OrderStatusChange', 'ProductSales', 'ProjectionStatus', 'QueuedCommand', 'Shipment', 'UserError',
];

/** `live` is the WebSocket of graphql-ws.js; without it, subscriptions come as server-sent events. */
export function createShop(url, getToken, live) {
  return new Client({
    url,
    preferGetMethod: false,
    fetchSubscriptions: !live,
    fetchOptions: () => ({ headers: { Authorization: `Bearer ${getToken()}` } }),
    exchanges: [
      cacheExchange({
        keys: Object.fromEntries(WITHOUT_ID.map((type) => [type, () => null])), // kept inside what has one
        resolvers: { Query: { orders: relayPagination(), products: relayPagination() } },
        updates: {
          // A receipt tells the cache nothing: forget the lists that the command may have changed.
          Mutation: {
            placeOrder: (result, args, cache) => cache.invalidate('Query', 'orders'),
            submitOrder: (result, args, cache) => cache.invalidate('Query', 'orders'),
          },
        },
      }),
      retryExchange({
        initialDelayMs: 500,
        maxNumberAttempts: 6,
        retryIf: ({ networkError, graphQLErrors }, { kind, variables }) =>
          mayRepeat({ networkError, graphQLErrors, isMutation: kind === 'mutation', key: variables?.key }),
      }),
      fetchExchange,
      ...(live ? [overSocket(live)] : []),
    ],
  });
}

const overSocket = (live) =>
  subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe: (sink) => ({ unsubscribe: live.subscribe({ query, variables }, sink) }),
    }),
  });

/** The data of an operation; throws urql's CombinedError, whose `graphQLErrors` have the codes in `extensions.code`. */
export async function run(client, document, variables) {
  const kind = document.trim().startsWith('mutation') ? 'mutation' : 'query';
  const { data, error } = await client[kind](document, variables, { requestPolicy: 'network-only' });
  if (error) throw error;
  return data;
}
// #endregion

// #region place-order
/** The receipt; throws Refused. The retry exchange repeats it where the answer was lost: the key makes that safe. */
export async function placeOrder(client, input, key) {
  return receiptOf((await run(client, PLACE_ORDER, { input, key })).placeOrder);
}

/** The order as it is after the command of this receipt, or later; every view of it follows, through the cache. */
export async function readOrder(client, { id, consistencyToken }) {
  return (await run(client, ORDER, { id, with: [consistencyToken] })).order;
}
// #endregion

// #region pages
/** Shows a customer's orders, newest first; gives a function that shows one page more, and false when there is none. */
export function showOrders(client, customerId, show, first = 20) {
  const variables = { filter: { customerId }, first };
  let shown;
  // relayPagination joins the pages: whoever reads the first page sees all that were loaded.
  client.query(ORDERS, variables).subscribe(({ data }) => {
    shown = data?.orders;
    if (shown) show(shown);
  });
  return async () => {
    if (!shown?.pageInfo.hasNextPage) return false;
    await client.query(ORDERS, { ...variables, after: shown.pageInfo.endCursor });
    return true;
  };
}
// #endregion

/** The product now and at each change. No need to resume: after a reconnect, the first result is the product as it is. */
export function watchProduct(client, id, show) {
  const { unsubscribe } = client.subscription(PRODUCT_CHANGED, { id }).subscribe(({ data, error }) => {
    if (error) console.error(error);
    if (data) show(data.productChanged);
  });
  return unsubscribe;
}
