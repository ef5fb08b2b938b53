// phoenix.js falls back to long polling when no WebSocket opens or the server is slow to answer its first heartbeat.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { LongPoll } from "phoenix";
import WebSocket from "ws";

import { answer, ask, connect, join, listen, newSocket } from "./client.mjs";
import { refuses, startProxy, staysSilent } from "./proxy.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

// What generated Phoenix apps say.
const FALLBACK_MS = 2500;

let server;
before(async () => { server = await startServer("js_app"); });
after(() => server?.stop());

/** What a browser keeps for the next page. */
function storage() {
  const remembered = new Map();
  return { remembered, getItem: (key) => remembered.get(key), setItem: (key, value) => remembered.set(key, value) };
}

/** Connects, and joins and uses a channel. */
async function assertWorks(socket) {
  socket.connect();
  const channel = await join(socket, "app:a");
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}

for (const [what, toWebSocket] of [["refuses WebSockets", refuses], ["answers no WebSocket", staysSilent]]) {
  test(`behind a proxy that ${what} the client polls, and the next page does so at once`, async (t) => {
    const proxy = await startProxy(t, server, toWebSocket);
    const sessionStorage = storage();
    const first = newSocket(t, proxy, { longPollFallbackMs: 100, sessionStorage });
    await assertWorks(first);
    assert.equal(first.transport, LongPoll);

    // So late a fallback would be no fallback.
    const second = newSocket(t, proxy, { longPollFallbackMs: 60_000, sessionStorage });
    await assertWorks(second);
    assert.equal(second.transport, LongPoll);
  });
}

test("behind a WebSocket that opens and lets nothing through the client polls", async (t) => {
  class Deaf extends WebSocket {
    send() {}
  }
  const socket = newSocket(t, server, { transport: Deaf, longPollFallbackMs: 100 });
  await assertWorks(socket);
  assert.equal(socket.transport, LongPoll);
});

test("a join that takes its time does not send the client to long polling", async (t) => {
  const sessionStorage = storage();
  const socket = newSocket(t, server, { longPollFallbackMs: FALLBACK_MS, sessionStorage });
  const opened = listen(socket, "onOpen");
  const answers = queue();
  // Goes before the first heartbeat, whose answer keeps phoenix.js from falling back.
  answer(socket.channel("app:held").join()).then(answers.put);
  socket.connect();
  await opened.next("the socket to open");
  const beats = queue();
  socket.ping(beats.put);
  await beats.next("an answer to a heartbeat after the first");
  assert.equal(socket.primaryPassedHealthCheck, true);
  assert.equal(answers.items.length, 0, "the join has yet to be answered");

  await join(await connect(t, server), "app:release");
  const joined = await answers.next("the answer to the join");
  assert.equal(joined.status, "ok");
  assert.equal(socket.transport, WebSocket);
  assert.equal(socket.establishedConnections, 1);
  assert.equal(sessionStorage.remembered.size, 0, "no fallback for the next page either");
});
