// What GraphiQL remembers in a browser.

const OF_THE_EDITORS = new Set(["tabState", "query", "variables", "headers", "operationName"].map((key) => `graphiql:${key}`));

/**
 * The storage, without what stands in the editors.
 *
 * Each visit begins with the examples, whose ids and token are of now; what was run before is in the history.
 */
export function keeping(storage: Storage): Storage {
  return {
    get length() {
      return storage.length;
    },
    key: (index) => storage.key(index),
    clear: () => storage.clear(),
    getItem: (key) => (OF_THE_EDITORS.has(key) ? null : storage.getItem(key)),
    removeItem: (key) => storage.removeItem(key),
    setItem: (key, value) => {
      if (!OF_THE_EDITORS.has(key)) storage.setItem(key, value);
    },
  };
}
