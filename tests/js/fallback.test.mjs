// phoenix.js falls back to long polling when no WebSocket opens or the server is slow to answer its first heartbeat.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { LongPoll } from "phoenix";
import WebSocket from "ws";

import { answer, ask, join, newSocket } from "./client.mjs";
import { refuses, startProxy, staysSilent } from "./proxy.mjs";
import { startServer } from "./server.mjs";

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

test("a join of three seconds does not send the client to long polling", async (t) => {
  const sessionStorage = storage();
  const socket = newSocket(t, server, { longPollFallbackMs: FALLBACK_MS, sessionStorage });
  const joining = socket.channel("app:slow").join(); // waits for the connection, and goes before its first heartbeat
  socket.connect();
  const joined = await answer(joining);
  assert.equal(joined.status, "ok");
  assert.equal(socket.transport, WebSocket);
  assert.equal(socket.primaryPassedHealthCheck, true);
  assert.equal(socket.establishedConnections, 1);
  assert.equal(sessionStorage.remembered.size, 0, "no fallback for the next page either");
});
