// The tests wait for events and never for time to pass. The limits here only end a test that would hang.

const LIMIT_MS = 15_000;

/** `promise`, or a failure that says what was waited for. */
export async function within(promise, what, limit = LIMIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limit} ms for ${what}`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Collects what callbacks deliver: hand out `queue.put`, then `await queue.next("what it is")`. */
export function queue() {
  const items = [];
  let wake = null;
  return {
    items, // what came and was not taken yet
    put(item) {
      items.push(item);
      wake?.();
    },
    async next(what, limit) {
      if (items.length === 0) await within(new Promise((resolve) => { wake = resolve; }), what, limit);
      wake = null;
      return items.shift();
    },
  };
}
