// `Presence` for phoenix.js 1.2, which has functions where newer clients have a class.

/**
 * A class with the same methods around those functions. The text of this function is also what a page gets, so all it needs
 * is its argument.
 */
export function presenceOfV1(functions) {
  return class Presence {
    constructor(channel) {
      this.state = {};
      this.callers = { onJoin() {}, onLeave() {}, onSync() {} };
      let stateOf = null; // the join whose state has come
      const early = []; // diffs that came before it
      const sync = (kind, payload) => {
        this.state = functions[kind](this.state, payload, this.callers.onJoin, this.callers.onLeave);
      };
      channel.on("presence_state", (state) => {
        stateOf = channel.joinRef();
        sync("syncState", state);
        for (const diff of early.splice(0)) sync("syncDiff", diff);
        this.callers.onSync();
      });
      channel.on("presence_diff", (diff) => {
        if (stateOf !== channel.joinRef()) return early.push(diff);
        sync("syncDiff", diff);
        this.callers.onSync();
      });
    }

    onJoin(callback) { this.callers.onJoin = callback; }

    onLeave(callback) { this.callers.onLeave = callback; }

    onSync(callback) { this.callers.onSync = callback; }

    /** Once each: 1.2 keeps a meta twice that comes in the state and in a diff. */
    list(choose = (_, presence) => presence) {
      const isFirst = (meta, place, metas) => metas.findIndex((other) => other.phx_ref === meta.phx_ref) === place;
      const once = ({ metas, ...beside }) => ({ metas: metas.filter(isFirst), ...beside });
      return functions.list(this.state, (key, presence) => choose(key, once(presence)));
    }
  };
}
