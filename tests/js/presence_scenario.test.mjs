// Presence of phoenix.js from the first who comes to the last who is back: three users, one of them in two tabs. After
// each step every client has had exactly one sync, was told exactly what has changed, and has the right list.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { tell, testEach } from "./client.mjs";
import { startCable } from "./proxy.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

let server;
before(async () => { server = await startServer("js_app"); });
after(() => server?.stop());

const statuses = (metas) => metas.map(({ status }) => status);
const refs = (metas) => metas.map((meta) => meta.phx_ref);
const without = (metas, others) => metas.filter(({ phx_ref }) => !refs(others).includes(phx_ref));
/** Once each: 1.2 keeps a meta twice that comes in the state and in a diff. */
const once = (metas) => metas.filter((meta, place) => refs(metas).indexOf(meta.phx_ref) === place);
const text = (metas) => `[${statuses(once(metas))}]`;

/**
 * What the presence of a channel does: for each onSync the `calls` since the last and the `list`, as queue `syncs`. A call
 * of onJoin is written `ann [one] + [two]`: what was there, and what of the told metas is new. One of onLeave is written
 * `ann [one] - [two]`: what is left, and what has gone.
 */
function follow({ Presence }, channel) {
  const presence = new Presence(channel);
  const syncs = queue();
  const told = new Set();
  let calls = [];
  presence.onJoin((key, { metas: known } = { metas: [] }, { metas }) => {
    const news = without(metas, known);
    calls.push(`${key} ${text(known)} + ${text(news)}`);
    for (const ref of refs(news)) {
      if (told.has(ref)) calls.push(`${key} ${ref} is told twice`);
      told.add(ref);
    }
  });
  presence.onLeave((key, { metas: left }, { metas }) => calls.push(`${key} ${text(left)} - ${text(metas)}`));
  const list = () => {
    const chosen = Object.fromEntries(presence.list((key, { metas }) => [key, statuses(metas)]));
    // Without a chooser there are the same entries, as the server sent them.
    const entries = presence.list();
    assert.deepEqual(entries.map(({ metas }) => statuses(metas)), Object.values(chosen));
    for (const ref of entries.flatMap(({ metas }) => refs(metas))) assert.match(ref, /^[\w-]{16}$/);
    return chosen;
  };
  presence.onSync(() => {
    syncs.put({ calls: calls.sort(), list: list(), refs: presence.list().flatMap(({ metas }) => refs(metas)).sort() });
    calls = [];
  });
  return { syncs, list };
}

testEach("three users, two tabs, an update, a crash and reconnects", async (t, client) => {
  const topic = `crowd:${client.name}`;

  /** Tab `name` of the user `key`, by way of `place`. */
  const enter = async (name, key, status, place = server) => {
    const socket = await client.connect(t, place, { path: "/brief" });
    const channel = socket.channel(topic, { metas: { [key]: { status } } });
    const { syncs, list } = follow(client, channel);
    const [joins, errors] = [queue(), queue()];
    channel.onError(() => errors.put(list()));
    channel.join().receive("ok", () => joins.put(list()));
    await joins.next(`the join of ${name}`);
    return { name, key, channel, syncs, list, joins, errors };
  };

  /** Each of the clients has one sync, with these calls and this list. */
  const see = async (clients, calls, list) => {
    const known = [];
    for (const { name, syncs } of clients) {
      const sync = await syncs.next(`${name} to be told: ${calls}`);
      assert.deepEqual(sync.calls, calls, name);
      assert.deepEqual(sync.list, list, name);
      known.push(sync.refs);
    }
    for (const of of known) assert.deepEqual(of, known[0], "the same metas for everybody");
  };

  /** Who has joined gets the state, and besides, or with it, the diff of the own join: that is nothing new. */
  const arrive = async ({ name, key, syncs }, calls, list) => {
    const echo = `${key} [${list[key]}] + []`;
    const first = await syncs.next(`the state of ${name}`);
    if (first.calls.includes(echo)) first.calls.splice(first.calls.indexOf(echo), 1);
    else assert.deepEqual((await syncs.next(`the own join of ${name}`)).calls, [echo]);
    assert.deepEqual([first.calls, first.list], [calls, list], name);
  };

  const [cableOfOne, cableOfBo] = [await startCable(t, server), await startCable(t, server)];

  const one = await enter("one", "ann", "one", cableOfOne);
  await arrive(one, ["ann [] + [one]"], { ann: ["one"] });

  const bo = await enter("bo", "bo", "here", cableOfBo);
  await arrive(bo, ["ann [] + [one]", "bo [] + [here]"], { ann: ["one"], bo: ["here"] });
  await see([one], ["bo [] + [here]"], { ann: ["one"], bo: ["here"] });

  const cleo = await enter("cleo", "cleo", "here");
  let list = { ann: ["one"], bo: ["here"], cleo: ["here"] };
  await arrive(cleo, ["ann [] + [one]", "bo [] + [here]", "cleo [] + [here]"], list);
  await see([one, bo], ["cleo [] + [here]"], list);

  const two = await enter("two", "ann", "two");
  const all = [one, two, bo, cleo];
  list = { ann: ["one", "two"], bo: ["here"], cleo: ["here"] };
  await arrive(two, ["ann [] + [one,two]", "bo [] + [here]", "cleo [] + [here]"], list);
  await see([one, bo, cleo], ["ann [one] + [two]"], list);

  tell(bo.channel, "update", { bo: { status: "away" } });
  list = { ...list, bo: ["away"] };
  await see(all, ["bo [away] - [here]", "bo [here] + [away]"], list);
  tell(two.channel, "update", { ann: { status: "busy" } });
  list = { ...list, ann: ["one", "busy"] };
  await see(all, ["ann [one,busy] - [two]", "ann [one,two] + [busy]"], list);

  // A crash: its own client knows what it knew, until phoenix.js has joined again, as which it has never been away.
  tell(two.channel, "crash", {});
  await see([one, bo, cleo], ["ann [one] - [busy]"], { ...list, ann: ["one"] });
  assert.deepEqual(await two.errors.next("the crash"), list);
  assert.deepEqual(await two.joins.next("the rejoin of two"), list);
  list = { ...list, ann: ["one", "two"] };
  await see([one, bo, cleo], ["ann [one] + [two]"], list);
  await arrive(two, ["ann [one,busy] + [two]", "ann [one,two] - [busy]"], list);

  // One of two tabs loses its connection: its user is still there.
  cableOfOne.unplug();
  await see([two, bo, cleo], ["ann [two] - [one]"], { ...list, ann: ["two"] });
  assert.deepEqual(await one.errors.next("the cut of one"), list);
  cableOfOne.plug();
  assert.deepEqual(await one.joins.next("the rejoin of one"), list);
  list = { ...list, ann: ["two", "one"] };
  await see([two, bo, cleo], ["ann [two] + [one]"], list);
  await arrive(one, ["ann [one,two] + [one]", "ann [two,one] - [one]"], list);

  // The only tab of a user loses its connection, and hears afterwards what has happened.
  cableOfBo.unplug();
  const { bo: away, ...others } = list;
  await see([one, two, cleo], ["bo [] - [away]"], others);
  assert.deepEqual(await bo.errors.next("the cut of bo"), list);
  tell(cleo.channel, "update", { cleo: { status: "alone" } });
  await see([one, two, cleo], ["cleo [alone] - [here]", "cleo [here] + [alone]"], { ...others, cleo: ["alone"] });
  assert.deepEqual(bo.list(), list);
  cableOfBo.plug();
  assert.deepEqual(await bo.joins.next("the rejoin of bo"), list);
  list = { ...list, bo: ["here"], cleo: ["alone"] };
  await see([one, two, cleo], ["bo [] + [here]"], list);
  await arrive(bo, [
    "bo [away] + [here]", "bo [here] - [away]", "cleo [alone] - [here]", "cleo [here] + [alone]",
  ], list);

  // Nobody was told anything else meanwhile.
  cleo.channel.leave();
  const { cleo: alone, ...rest } = list;
  await see([one, two, bo], ["cleo [] - [alone]"], rest);
  for (const { name, syncs } of all) assert.deepEqual(syncs.items, [], name);
});
