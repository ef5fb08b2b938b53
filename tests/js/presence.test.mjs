// Presence as phoenix.js understands it: after each step every client has the right list, and was told of each change
// once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { all, ask, events, listen, old, tell, testEach } from "./client.mjs";
import { startCable } from "./proxy.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

let reference;
let app;
let patient; // holds leaves back for a minute, longer than any of these tests takes
before(async () => {
  reference = await startServer("reference");
  app = await startServer("js_app");
  patient = await startServer("js_app", 0, { env: { PRESENCE_GRACE_MS: "60000" } });
});
after(() => Promise.all([reference?.stop(), app?.stop(), patient?.stop()]));

let topics = 0;
/** A topic of the test's own. */
const newTopic = (kind) => `${kind}:${topics += 1}`;

/** A client on `topic`, whose join says `params`. What it knows by then is for `see` to wait for. */
async function enter(t, client, server, topic, params, options) {
  const socket = await client.connect(t, server, options);
  const channel = socket.channel(topic, params);
  const joins = queue();
  const seen = follow(client, channel);
  channel.join().receive("ok", joins.put);
  await joins.next(`the join of ${topic}`);
  return { ...seen, socket, channel, joins };
}

/** Presence of the channel: its `list`, its `syncs`, who is `here` by what it tells, and what it `told`. */
function follow({ Presence }, channel) {
  const presence = new Presence(channel);
  const here = new Set();
  const told = [];
  const syncs = listen(presence, "onSync");
  presence.onJoin((key, before, { metas }) => {
    const known = before?.metas.map((meta) => meta.phx_ref) ?? [];
    const news = metas.filter((meta) => !known.includes(meta.phx_ref));
    if (!before) told.push(`${key} came`);
    else if (news.some((meta) => known.includes(meta.phx_ref_prev))) told.push(`${key} changed`);
    // Otherwise its own arrival: the state had it, and then the diff.
    else if (news.length > 0) told.push(`${key} has one more`);
    here.add(key);
  });
  presence.onLeave((key, after, { metas }) => {
    const isLast = after.metas.length === 0;
    const [{ phx_ref: ref }] = metas;
    if (isLast) told.push(`${key} left`);
    else if (!after.metas.some((meta) => meta.phx_ref_prev === ref)) told.push(`${key} has one less`);
    if (isLast) here.delete(key);
  });
  return { presence, list: (choose) => presence.list(choose), syncs, here, told };
}

/** For `list`: a key, and the status in each of its metas. */
const statuses = (key, { metas }) => [key, metas.map((meta) => meta.status ?? "new")];

/** Waits until each of the clients has exactly this list, in whose metas the order counts. */
async function see(clients, expected) {
  for (const [place, { list, syncs, here }] of clients.entries()) {
    const now = () => Object.fromEntries(list(statuses));
    while (!isDeepStrictEqual(now(), expected)) {
      await syncs.next(`client ${place} to see ${JSON.stringify(expected)}`).catch((error) => {
        throw new Error(`${error.message}; it sees ${JSON.stringify(now())}`);
      });
    }
    assert.deepEqual([...here].sort(), Object.keys(expected).sort(), "onJoin and onLeave come to the same");
  }
}

/** What a client was told since it was last asked. */
const news = ({ told }) => told.splice(0).sort();

testEach("three users and two tabs: everybody sees the same", async (t, client) => {
  const topic = newTopic("presence");
  const as = (user_id) => enter(t, client, reference, topic, { user_id });
  const ann = await as("ann");
  await see([ann], { ann: ["new"] });
  const bo = await as("bo");
  await see([ann, bo], { ann: ["new"], bo: ["new"] });
  const cleo = await as("cleo");
  await see([ann, bo, cleo], { ann: ["new"], bo: ["new"], cleo: ["new"] });
  assert.deepEqual([ann, bo, cleo].map(news), [
    ["ann came", "bo came", "cleo came"], ["ann came", "bo came", "cleo came"], ["ann came", "bo came", "cleo came"],
  ]);

  const other = await as("ann");
  const clients = [ann, bo, cleo, other];
  await see(clients, { ann: ["new", "new"], bo: ["new"], cleo: ["new"] });
  assert.deepEqual([ann, bo, cleo].map(news), Array(3).fill(["ann has one more"]));
  assert.deepEqual(news(other), ["ann came", "bo came", "cleo came"]);

  ann.channel.leave();
  await see([bo, cleo, other], { ann: ["new"], bo: ["new"], cleo: ["new"] });
  assert.deepEqual([bo, cleo, other].map(news), Array(3).fill(["ann has one less"]));
  other.channel.leave();
  await see([bo, cleo], { bo: ["new"], cleo: ["new"] });
  bo.channel.leave();
  await see([cleo], { cleo: ["new"] });
  assert.deepEqual(news(cleo), ["ann left", "bo left"]);
});

testEach("an update is one step for everybody, and knows what it replaces", async (t, client) => {
  const topic = newTopic("presence");
  const as = (user_id) => enter(t, client, reference, topic, { user_id });
  const [ann, bo] = [await as("ann"), await as("bo")];
  await see([ann, bo], { ann: ["new"], bo: ["new"] });
  const meta = ({ list }) => list((key, { metas }) => ({ key, ...metas[0] })).find(({ key }) => key === "ann");
  let before = meta(ann);
  assert.match(before.phx_ref, /^[\w-]{16}$/);
  assert.equal(before.phx_ref_prev, undefined);
  assert.ok(Number.isInteger(before.online_at));
  for (const { told } of [ann, bo]) told.length = 0;

  for (const status of ["away", "busy", "back"]) {
    assert.deepEqual(await ask(ann.channel, "update", { status }), { status: "ok", response: {} });
    await see([ann, bo], { ann: [status], bo: ["new"] });
    for (const one of [ann, bo]) {
      const { phx_ref, ...rest } = meta(one);
      assert.deepEqual(rest, { key: "ann", phx_ref_prev: before.phx_ref, status });
      assert.equal(phx_ref, meta(ann).phx_ref);
      assert.deepEqual(news(one), ["ann changed"]);
    }
    before = meta(ann);
  }
});

testEach("of several metas the one that changed stands last, and in the order of the tabs for who comes later", async (t, client) => {
  const topic = newTopic("presence");
  const as = (user_id) => enter(t, client, reference, topic, { user_id });
  const tabs = [];
  for (const status of ["one", "two", "three"]) {
    tabs.push(await as("ann"));
    await ask(tabs.at(-1).channel, "update", { status });
    await see(tabs, { ann: ["one", "two", "three"].slice(0, tabs.length) });
  }
  await ask(tabs[0].channel, "update", { status: "changed" });
  await see(tabs, { ann: ["two", "three", "changed"] });
  const bo = await as("bo");
  await see([bo], { ann: ["changed", "two", "three"], bo: ["new"] });
});

testEach("who is untracked is gone, but still hears of the others", async (t, client) => {
  const topic = newTopic("presence");
  const as = (user_id) => enter(t, client, reference, topic, { user_id });
  const [ann, bo] = [await as("ann"), await as("bo")];
  await see([ann, bo], { ann: ["new"], bo: ["new"] });
  assert.equal((await ask(ann.channel, "untrack", {})).status, "ok");
  await see([ann, bo], { bo: ["new"] });
  const cleo = await as("cleo");
  await see([ann, bo, cleo], { bo: ["new"], cleo: ["new"] });
  ann.channel.leave(); // had nothing left to leave
  assert.equal((await ask(bo.channel, "update", { status: "alone" })).status, "ok");
  await see([bo, cleo], { bo: ["alone"], cleo: ["new"] });
  assert.deepEqual(news(bo), ["ann came", "ann left", "bo came", "bo changed", "cleo came"]);
});

testEach("a channel that crashes is gone until it has joined again", async (t, client) => {
  const topic = newTopic("crowd");
  const as = (key) => enter(t, client, app, topic, { metas: { [key]: { status: "here" } } });
  const [ann, bo, cleo] = [await as("ann"), await as("bo"), await as("cleo")];
  await see([ann, bo, cleo], { ann: ["here"], bo: ["here"], cleo: ["here"] });
  for (const { told } of [ann, bo, cleo]) told.length = 0;

  tell(bo.channel, "crash", {}); // phoenix.js joins again a second later
  await see([ann, cleo], { ann: ["here"], cleo: ["here"] });
  cleo.channel.leave();
  await bo.joins.next("the rejoin");
  await see([ann, bo], { ann: ["here"], bo: ["here"] });
  assert.deepEqual(news(ann), ["bo came", "bo left", "cleo left"]);
  const toBo = news(bo);
  assert.ok(toBo.includes("cleo left"));
  assert.ok(!toBo.includes("bo left") && !toBo.includes("ann came"), "and what it knew, it still knows");
});

/** For a client behind a cable: the server soon gives it up when it does not poll. */
const GIVEN_UP_SOON = { path: "/brief" };

/** Unplugs the cable of a client, and waits for what shows its server that the connection is lost. */
async function lose(cable, others) {
  const ended = events(others.channel, "ended");
  cable.unplug();
  await ended.next("the server to notice");
}

testEach("who loses the connection is gone, and hears afterwards what happened meanwhile", async (t, client) => {
  const topic = newTopic("crowd");
  const as = (key, server = app) => (
    enter(t, client, server, topic, { metas: { [key]: { status: "here" } } }, server === app ? {} : GIVEN_UP_SOON)
  );
  const cable = await startCable(t, app);
  const [ann, bo, cleo] = [await as("ann"), await as("bo", cable), await as("cleo")];
  await see([ann, bo, cleo], { ann: ["here"], bo: ["here"], cleo: ["here"] });
  for (const { told } of [ann, bo, cleo]) told.length = 0;

  await lose(cable, ann);
  await see([ann, cleo], { ann: ["here"], cleo: ["here"] });
  cleo.channel.leave();
  tell(ann.channel, "update", { ann: { status: "lonely" } });
  await see([ann], { ann: ["lonely"] });
  cable.plug();
  await bo.joins.next("the rejoin");
  await see([ann, bo], { ann: ["lonely"], bo: ["here"] });
  assert.deepEqual(news(ann), ["ann changed", "bo came", "bo left", "cleo left"]);
  const toBo = news(bo);
  for (const what of ["ann changed", "cleo left"]) assert.ok(toBo.includes(what), what);
  for (const what of ["bo left", "ann came"]) assert.ok(!toBo.includes(what), what);

  client.disconnect(bo.socket); // which says goodbye to the connection, but not to the channel
  await see([ann], { ann: ["lonely"] });
});

testEach("within the grace period others see nothing of a lost connection", async (t, client) => {
  const topic = newTopic("crowd");
  const as = (metas, server = patient) => (
    enter(t, client, server, topic, { metas }, server === patient ? {} : GIVEN_UP_SOON)
  );
  const cable = await startCable(t, patient);
  const ann = await as({ ann: { status: "here" } });
  const mine = { bo: { status: "here" }, robot: {} };
  const bo = await as(mine, cable);
  await see([ann, bo], { ann: ["here"], bo: ["here"], robot: ["new"] });
  const diffs = events(ann.channel, "presence_diff");
  for (const { told } of [ann, bo]) told.length = 0;

  await lose(cable, ann);
  cable.plug();
  await bo.joins.next("the rejoin");
  const cleo = await as({ cleo: { status: "here" } });
  await see([ann, bo, cleo], { ann: ["here"], bo: ["here"], robot: ["new"], cleo: ["here"] });
  assert.deepEqual(diffs.items.splice(0).map(({ joins, leaves }) => [Object.keys(joins), leaves]), [[["cleo"], {}]]);
  for (const one of [ann, bo]) assert.deepEqual(news(one), ["cleo came"]);

  mine.bo.status = "tired"; // which its next join says
  await lose(cable, ann);
  cable.plug();
  await bo.joins.next("the second rejoin");
  await see([ann, bo, cleo], { ann: ["here"], bo: ["tired"], robot: ["new"], cleo: ["here"] });
  assert.deepEqual(news(ann), ["bo changed"]);

  bo.channel.leave(); // is told at once, grace or not
  await see([ann, cleo], { ann: ["here"], cleo: ["here"] });
  assert.deepEqual(news(ann), ["bo left", "robot left"]);
});

testEach("a channel may have several keys, of any name", async (t, client) => {
  const topic = newTopic("crowd");
  const names = ["7", "größe 🌍", "with \"quotes\" and \\", "", "line\nbreak"];
  if (client !== old) names.push("__proto__", "constructor"); // phoenix.js has long mistaken those for what every object has
  const many = Object.fromEntries(names.map((name) => [name, { status: name }]));
  const expected = Object.fromEntries(names.map((name) => [name, [name]]));
  const [ann, bo] = [await enter(t, client, app, topic, { metas: many }), await enter(t, client, app, topic, { metas: {} })];
  await see([ann, bo], expected);

  tell(bo.channel, "track", { bo: {} });
  tell(ann.channel, "untrack", ["7", ""]);
  const { "": _, 7: __, ...rest } = expected;
  await see([ann, bo], { ...rest, bo: ["new"] });
  ann.channel.leave();
  await see([bo], { bo: ["new"] });
});

testEach("many who come and go at the same time", async (t, client) => {
  const topic = newTopic("presence");
  const names = Array.from({ length: 12 }, (_, n) => `user ${n}`);
  const users = await Promise.all(names.map((user_id) => enter(t, client, reference, topic, { user_id })));
  const everybody = Object.fromEntries(names.map((name) => [name, ["new"]]));
  await see(users, everybody);
  for (const user of users.slice(1)) user.channel.leave();
  await see(users.slice(0, 1), { "user 0": ["new"] });
  assert.deepEqual(news(users[0]), [...names.map((name) => `${name} came`), ...names.slice(1).map((name) => `${name} left`)].sort());
});

test("clients of every version and transport see each other", async (t) => {
  const topic = newTopic("presence");
  const clients = [];
  const expected = {};
  for (const client of all) {
    clients.push(await enter(t, client, reference, topic, { user_id: client.name }));
    expected[client.name] = ["new"];
    await see(clients, expected);
  }
  for (const [place, client] of all.entries()) {
    await ask(clients[place].channel, "update", { status: "changed" });
    expected[client.name] = ["changed"];
    await see(clients, expected);
  }
  while (clients.length > 1) {
    clients.pop().channel.leave();
    delete expected[all[clients.length].name];
    await see(clients, expected);
  }
});

testEach("without a chooser the list has what the server sent", async (t, client) => {
  const topic = newTopic("crowd");
  const ann = await enter(t, client, app, topic, { metas: { ann: { deep: [1, { n: null }], status: "x" } } });
  await see([ann], { ann: ["x"] });
  const [{ metas: [{ phx_ref, ...meta }], ...beside }, ...others] = ann.list();
  assert.deepEqual([meta, beside, others], [{ deep: [1, { n: null }], status: "x" }, {}, []]);
  assert.match(phx_ref, /^[\w-]{16}$/);
});
