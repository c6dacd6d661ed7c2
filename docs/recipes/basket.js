/** A basket: a draft order that is filled, changed, looked at and submitted. With any client's `run`. */

import { keyOf, receiptOf } from './commands.js';
import {
  ADD_ORDER_ITEM, CHANGE_ORDER_ITEM_QUANTITY, CREATE_ORDER, ORDER, REMOVE_ORDER_ITEM, SUBMIT_ORDER,
} from './operations.js';

// #region basket
/** `run(document, variables)` answers the data of an operation: see urql.js and apollo.js. */
export class Basket {
  /** The basket that is open, or a new one: a page that is loaded again sends the same key and finds the same. */
  static async open(run, customerId, storage) {
    const intention = `basket of ${customerId}`;
    const variables = { input: { customerId }, key: keyOf(intention, storage) };
    const receipt = receiptOf((await run(CREATE_ORDER, variables)).createOrder);
    return new Basket(run, receipt, () => storage.removeItem(intention));
  }

  /** Whether one is open: who only looks around needs none. */
  static isOpen(customerId, storage) {
    return storage.getItem(`basket of ${customerId}`) !== null;
  }

  constructor(run, { id, consistencyToken }, forget) {
    this.run = run;
    this.id = id;
    this.token = consistencyToken;
    this.forget = forget;
  }

  add(productId, quantity) {
    return this.#send('addOrderItem', ADD_ORDER_ITEM, { productId, quantity });
  }

  change(productId, quantity) {
    return this.#send('changeOrderItemQuantity', CHANGE_ORDER_ITEM_QUANTITY, { productId, quantity });
  }

  remove(productId) {
    return this.#send('removeOrderItem', REMOVE_ORDER_ITEM, { productId });
  }

  /** What is in it, no older than the last command, with the prices of when the items were added. */
  async read() {
    return (await this.run(ORDER, { id: this.id, with: [this.token] })).order;
  }

  /**
   * Buys what the customer saw, as `read` gave it, at the prices of this moment. Refused: after VERSION_CONFLICT the
   * basket was changed elsewhere, show it again; after INSUFFICIENT_STOCK let the customer take less.
   */
  async submit(seen, shippingAddress) {
    const input = { expectedVersion: seen.version, shippingAddress };
    // A key may also be made of what is to happen once: this basket, in this version, is bought once.
    await this.#send('submitOrder', SUBMIT_ORDER, input, `submit ${this.id} ${seen.version}`);
    this.forget();
  }

  async #send(name, document, input, key = crypto.randomUUID()) {
    const data = await this.run(document, { input: { orderId: this.id, ...input }, key });
    this.token = receiptOf(data[name]).consistencyToken;
  }
}
// #endregion
