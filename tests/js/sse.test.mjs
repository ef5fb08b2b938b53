// The example `sse`: phoenix.js over a transport that neither it nor the server has by itself.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ServerSentEvents } from "../../examples/sse/transport.mjs";
import { answer, ask, connect, events, join, listen, newSocket } from "./client.mjs";
import { startServer } from "./server.mjs";

let server;
before(async () => { server = await startServer("sse"); });
after(() => server?.stop());

const overEvents = { transport: ServerSentEvents };

test("channels work over server-sent events, in one room with a WebSocket", async (t) => {
  const ann = await join(await connect(t, server, overEvents), "room:mixed");
  const bo = await join(await connect(t, server), "room:mixed");
  const toAnn = events(ann, "shout");
  const toBo = events(bo, "shout");

  const payloads = Array.from({ length: 20 }, (_, n) => ({ n, text: "grüße 🌍\n\r\n\n" }));
  for (const [index, payload] of payloads.entries()) {
    assert.deepEqual(await ask(index % 2 ? ann : bo, "shout", payload), { status: "ok", response: {} });
  }
  for (const payload of payloads) {
    assert.deepEqual(await toAnn.next("ann's copy"), payload);
    assert.deepEqual(await toBo.next("bo's copy"), payload);
  }
});

test("pushes of one turn keep their order", async (t) => {
  const channel = await join(await connect(t, server, overEvents), "room:order");
  const got = events(channel, "shout");
  for (let n = 0; n < 50; n += 1) channel.push("shout", { n });
  for (let n = 0; n < 50; n += 1) assert.deepEqual(await got.next("a shout"), { n });
});

test("a client that disconnects has left its channels", async (t) => {
  const stays = await join(await connect(t, server), "room:left");
  const left = events(stays, "left");
  const socket = await connect(t, server, overEvents);
  await join(socket, "room:left");
  socket.disconnect();
  assert.deepEqual(await left.next("the news that somebody left"), {});
});

test("a topic that no channel serves, and a version that is not spoken, are refused", async (t) => {
  const channel = (await connect(t, server, overEvents)).channel("nowhere");
  assert.deepEqual(await answer(channel.join()), { status: "error", response: { reason: "unmatched topic" } });
  channel.leave();

  const socket = newSocket(t, server, { ...overEvents, vsn: "9.0.0", reconnectAfterMs: () => 60_000 });
  const failed = listen(socket, "onError");
  socket.connect();
  await failed.next("the connection to fail");
});

test("a session that does not exist takes no messages, and nobody can guess one", async () => {
  const post = (id, body) => fetch(`${server.url}/socket/sse/${id}`, { method: "POST", body });
  assert.equal((await post("none", "[]")).status, 404);
  assert.equal((await post("x".repeat(22), "[]")).status, 404);
  assert.equal((await fetch(`${server.url}/socket/sse?vsn=9.0.0`)).status, 403);
});
