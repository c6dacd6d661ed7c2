/** What every client does with a command: its key before, its receipt or its refusal after. */

// #region receipt
/** The rules refused a command; `userErrors` says why, to programs by `code` and to people by `message`. */
export class Refused extends Error {
  /** @param {{ code: string, message: string, field?: string[] | null }[]} userErrors */
  constructor(userErrors) {
    super(userErrors.map((error) => error.message).join('\n'));
    this.userErrors = userErrors;
  }

  /** For a form: the message for each input, by its path, e.g. "shippingAddress.city". */
  get byInput() {
    const blamed = this.userErrors.filter((error) => error.field);
    return Object.fromEntries(blamed.map((error) => [error.field.slice(1).join('.'), error.message]));
  }
}

/** The receipt in a mutation's result; throws Refused where there is none. */
export function receiptOf(result) {
  if (!result.receipt) throw new Refused(result.userErrors);
  return result.receipt;
}
// #endregion

/** After these, the same operation may be sent again as it is, after a pause. */
export const TRY_AGAIN = ['UNAVAILABLE', 'THROTTLED', 'STALE_READ', 'SLOW_CONSUMER'];

/** Whether sending an operation again may help, and cannot do anything twice. */
export function mayRepeat({ networkError, graphQLErrors, isMutation, key }) {
  if (isMutation && !key) return false; // it may have been done: only the answer was lost
  return Boolean(networkError) || graphQLErrors.some((error) => TRY_AGAIN.includes(error.extensions?.code));
}

// #region key
/**
 * The key of one intention, e.g. of this checkout: made once, kept until its receipt is there, so that a double click,
 * a retry and a page that is loaded again all send the same. `storage` is the browser's `sessionStorage`.
 */
export function keyOf(intention, storage) {
  const kept = storage.getItem(intention);
  if (kept) return kept;
  const key = crypto.randomUUID();
  storage.setItem(intention, key);
  return key;
}
// #endregion
