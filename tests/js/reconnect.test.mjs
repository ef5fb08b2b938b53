// What the server closes a connection with, and that the clients come back from it.

import assert from "node:assert/strict";

import { ask, join, listen, testEach } from "./client.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

/** A server of the test's own. */
async function serverOf(t, port) {
  const server = await startServer("reference", port);
  t.after(() => server.stop());
  return server;
}

/** A connected socket with a joined channel: `{ channel, joins, closes }`. `joins` has the rejoins, `closes` the codes. */
async function enter(client, t, server, topic, options) {
  const socket = await client.connect(t, server, options);
  const closes = queue();
  socket.onClose(({ code }) => closes.put(code));
  const channel = socket.channel(topic);
  const joins = queue();
  channel.join().receive("ok", joins.put);
  await joins.next("the join");
  return { socket, channel, joins, closes };
}

async function assertWorks(channel) {
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}

testEach("after a disconnect by id the client reconnects and rejoins", async (t, client) => {
  const server = await serverOf(t);
  const of = (user_id) => ({ path: "/idsocket", params: { user_id } });
  const ann = await enter(client, t, server, "room:kicked", of("ann smith"));
  const bo = await enter(client, t, server, "room:kicked", of("bo"));

  await server.post("/ctl/disconnect/users_socket:ann%20smith");
  assert.equal(await ann.closes.next("ann's close"), client.codes.disconnect);
  await ann.joins.next("the rejoin");
  await assertWorks(ann.channel);

  await assertWorks(bo.channel);
  assert.equal(bo.closes.items.length, 0);
});

testEach("after a message that cannot be read the client reconnects and rejoins", async (t, client) => {
  const server = await serverOf(t);
  const ann = await enter(client, t, server, "room:garbage");
  const bo = await enter(client, t, server, "room:garbage");

  ann.socket.conn.send("[not a message");
  assert.equal(await ann.closes.next("ann's close"), client.codes.unreadable);
  await ann.joins.next("the rejoin");
  await assertWorks(ann.channel);

  await assertWorks(bo.channel);
  assert.equal(bo.closes.items.length, 0);
});

testEach("after a restart of the server the client reconnects and rejoins", async (t, client) => {
  const one = await serverOf(t);
  const { channel, closes, joins } = await enter(client, t, one, "room:restart");
  await assertWorks(channel);

  assert.deepEqual(await one.stop(), { code: 0, signal: null });
  assert.ok(client.codes.restart.includes(await closes.next("the close")));

  await serverOf(t, one.port);
  await joins.next("the rejoin");
  await assertWorks(channel);
});

testEach("a server that is asked to end closes everybody and ends", async (t, { codes, connect, mounts }) => {
  const server = await serverOf(t);
  const withChannels = await Promise.all(["room:a", "room:a", "intercept:a", "room:b"].map(async (topic) => {
    const socket = await connect(t, server, { reconnectAfterMs: () => 60_000 });
    await join(socket, topic);
    return socket;
  }));
  const without = await Promise.all(mounts.map((path) => (
    connect(t, server, { path, params: { user_id: "ann" }, reconnectAfterMs: () => 60_000 })
  )));
  const closes = [...withChannels, ...without].map((socket) => listen(socket, "onClose"));

  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  for (const close of closes) assert.ok(codes.restart.includes((await close.next("a close")).code));
});
