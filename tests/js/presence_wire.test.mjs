// The frames of presence, field by field, which phoenix.js does not show.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { rawSocket } from "./raw.mjs";
import { startServer } from "./server.mjs";

let server;
before(async () => { server = await startServer("reference"); });
after(() => server?.stop());

/** A frame whose refs and times are replaced by what they are known as. */
const known = (frame, names) => JSON.parse(JSON.stringify(frame), (key, value) => {
  if (key === "online_at") return typeof value;
  if (!key.startsWith("phx_ref")) return value;
  assert.match(value, /^[A-Za-z0-9_-]{16}$/);
  if (!names.includes(value)) names.push(value);
  return `ref ${names.indexOf(value)}`;
});

test("the frames, one by one", async (t) => {
  const topic = "presence:frames";
  const ann = await rawSocket(t, server);
  const names = [];
  const next = async (what) => known(await ann.next(what), names);
  ann.send(["1", "1", topic, "phx_join", { user_id: "ann" }]);
  assert.deepEqual(await next("the answer"), ["1", "1", topic, "phx_reply", { status: "ok", response: {} }]);
  const meta = { phx_ref: "ref 0", online_at: "number" };
  const both = [await next("the state"), await next("the own join")].sort((one, other) => other[3].localeCompare(one[3]));
  assert.deepEqual(both, [
    ["1", null, topic, "presence_state", { ann: { metas: [meta] } }],
    [null, null, topic, "presence_diff", { joins: { ann: { metas: [meta] } }, leaves: {} }],
  ]);

  const diff = (joins, leaves) => [null, null, topic, "presence_diff", { joins, leaves }];
  const bo = await rawSocket(t, server, { params: { vsn: "1.0.0" } });
  bo.sendText(JSON.stringify({ topic, event: "phx_join", payload: { user_id: 7 }, ref: "1" }));
  const seven = { phx_ref: "ref 1", online_at: "number" };
  assert.deepEqual(await next("bo's join"), diff({ 7: { metas: [seven] } }, {}));
  assert.equal((await bo.next("bo's answer")).event, "phx_reply");
  const toBo = [known(await bo.next("bo's state"), names), known(await bo.next("bo's own join"), names)];
  assert.deepEqual(toBo.sort((one, other) => other.event.localeCompare(one.event)), [
    { topic, event: "presence_state", ref: null, payload: { 7: { metas: [seven] }, ann: { metas: [meta] } } },
    { topic, event: "presence_diff", ref: null, payload: { joins: { 7: { metas: [seven] } }, leaves: {} } },
  ]);

  // The reply and the diff come from two tasks, in either order.
  const update = async (ref, payload) => {
    ann.send(["1", ref, topic, "update", payload]);
    const frames = [await next("one of two"), await next("the other")].sort((one, other) => one[3].localeCompare(other[3]));
    assert.deepEqual(frames[0], ["1", ref, topic, "phx_reply", { status: "ok", response: {} }]);
    return frames[1];
  };
  const away = { phx_ref: "ref 2", phx_ref_prev: "ref 0", status: "away" };
  assert.deepEqual(await update("2", { status: "away" }), diff({ ann: { metas: [away] } }, { ann: { metas: [meta] } }));
  const back = { phx_ref: "ref 3", phx_ref_prev: "ref 2", status: "back" };
  const forged = { status: "back", phx_ref: "mine", phx_ref_prev: "mine" };
  assert.deepEqual(await update("3", forged), diff({ ann: { metas: [back] } }, { ann: { metas: [away] } }));

  bo.close();
  assert.deepEqual(await next("bo to leave"), diff({}, { 7: { metas: [seven] } }));
  ann.send(["1", "4", topic, "untrack", {}]);
  const untracked = [await next("one of two"), await next("the other")].sort((one, other) => one[3].localeCompare(other[3]));
  assert.deepEqual(untracked[1], diff({}, { ann: { metas: [back] } }));
});
