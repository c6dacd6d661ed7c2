/** Queued commands: handed in now, done soon, for bursts and for whoever need not wait. Over the WebSocket. */

import { receiptOf } from './commands.js';

// #region queue
/** Hands in a command; gives its id, under which it is known from then on. It has been taken durably, not yet done. */
export async function queue(client, mutation, variables) {
  const sent = client.iterate({ query: mutation, variables, extensions: { prefer: 'respond-async' } });
  const { value } = await sent.next();
  if (value.errors) throw value.errors;
  const [result] = Object.values(value.data);
  // What is malformed is refused at once; a repeated key may find the command done.
  return result.queued ? result.queued.commandId : receiptOf(result).commandId;
}

export const PLACE_ORDER_LATER = `
  mutation PlaceOrderLater($input: PlaceOrderInput!, $key: ID!) {
    placeOrder(input: $input, idempotencyKey: $key) {
      receipt { commandId }
      queued { commandId queuedAt }
      userErrors { code message field }
    }
  }
`;
// #endregion

// #region settled
const COMMAND_SETTLED = `
  subscription CommandSettled($id: ID!) {
    commandSettled(id: $id) { id name status aggregateId version userErrors { code message field } }
  }
`;

/**
 * What became of it: `status` is COMMITTED, with `aggregateId` and `version`, or REJECTED, with `userErrors`.
 *
 * Nothing to resume: asked again after a cut, it answers at once if the command has settled meanwhile.
 */
export function settled(client, commandId) {
  return new Promise((resolve, reject) => {
    client.subscribe({ query: COMMAND_SETTLED, variables: { id: commandId } }, {
      next: ({ data, errors }) => (errors ? reject(errors) : resolve(data.commandSettled)),
      error: reject,
      complete: () => reject(new Error('Ended without an outcome')), // does nothing after an outcome
    });
  });
}
// #endregion
