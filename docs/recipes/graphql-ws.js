/** graphql-ws: subscriptions that survive lost connections, without a gap and without a duplicate. */

import { createClient } from 'graphql-ws';
import { TRY_AGAIN } from './commands.js';
import { ORDER_STATUS_CHANGED, ORDERS_CHANGED } from './operations.js';

// #region connect
/** The WebSocket that all subscriptions share. `getToken` is asked again for each new connection. */
export function connect(url, getToken) {
  let socket, noPong;
  return createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: async () => ({ Authorization: `Bearer ${await getToken()}` }),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (attempt) => pause(attempt),
    // A connection can be dead without anybody saying so, on a laptop that slept: ask, and give up without an answer.
    keepAlive: 10_000,
    on: {
      connected: (opened) => (socket = opened),
      ping: (received) => {
        if (!received) noPong = setTimeout(() => socket.close(4408, 'No answer'), 5_000);
      },
      pong: () => clearTimeout(noPong),
      closed: () => clearTimeout(noPong),
    },
  });
}

/** Longer from attempt to attempt, up to 20 seconds; at random, so that not all clients come back at once. */
function pause(attempt) {
  const longest = Math.min(20_000, 500 * 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}
// #endregion

// #region follow
/**
 * Calls `onData` with each result of a subscription, through all interruptions; gives a function that ends it.
 *
 * `place` tells the variables with which the subscription goes on after a result, `restart` those to begin anew with
 * when the server no longer has what was missed. `onError` is told what ends it: GraphQL errors, or a thrown Error.
 */
export function follow(client, query, variables, { place, restart, onData, onError = console.error }) {
  // graphql-ws sends this object again when it has reconnected, so it always says where we are. It is changed
  // as results arrive, not when somebody has dealt with them: what arrived does not come again.
  const here = { ...variables };
  let stopped = false;
  let failures = 0;
  let stop;

  function subscribe() {
    let errors = [];
    stop = client.subscribe({ query, variables: here }, {
      next(result) {
        if (result.errors) return (errors = result.errors);
        failures = 0;
        Object.assign(here, place(result.data));
        onData(result.data);
      },
      error: (problem) => interrupted(Array.isArray(problem) ? problem : [problem]),
      complete: () => interrupted(errors), // these subscriptions have no end of their own
    });
  }

  async function interrupted(errors) {
    if (stopped) return;
    try {
      for (const error of errors) {
        if (restart && error.extensions?.code === 'CURSOR_EXPIRED') Object.assign(here, await restart());
        else if (!TRY_AGAIN.includes(error.extensions?.code)) return onError(errors);
      }
      await pause(failures++);
      if (!stopped) subscribe();
    } catch (problem) {
      onError([problem]);
    }
  }

  subscribe();
  return () => {
    stopped = true;
    stop();
  };
}
// #endregion

// #region follow-order
/** The status changes of an order after a version that is shown already; 0 for all that it ever had. */
export function followOrder(client, id, afterVersion, onChange, onError) {
  return follow(client, ORDER_STATUS_CHANGED, { id, afterVersion }, {
    place: (data) => ({ afterVersion: data.orderStatusChanged.version }),
    onData: (data) => onChange(data.orderStatusChanged),
    onError,
  });
}
// #endregion

// #region follow-orders
/**
 * A list that stays right: `read` shows it, `onChange` hears each change from then on.
 *
 * `position` answers `projection { position }`. It is asked before the list is read, so that no change falls between
 * the two; a change that the list has already is then heard too, and its version tells.
 */
export async function followOrders(client, { position, read, onChange, onError }) {
  const start = async () => {
    const after = await position();
    await read();
    return { after };
  };
  return follow(client, ORDERS_CHANGED, await start(), {
    place: (data) => ({ after: data.ordersChanged.cursor }),
    restart: start,
    onData: (data) => onChange(data.ordersChanged),
    onError,
  });
}
// #endregion
