// phoenix.js falls back to long polling when the server is slow to answer; a slow join must not look like that.

import assert from "node:assert/strict";
import { test } from "node:test";

import WebSocket from "ws";

import { answer, newSocket } from "./client.mjs";
import { startServer } from "./server.mjs";

// What generated Phoenix apps say.
const FALLBACK_MS = 2500;

test("a join of three seconds does not send the client to long polling", async (t) => {
  const server = await startServer("js_app");
  t.after(() => server.stop());
  const remembered = new Map();
  const socket = newSocket(t, server, {
    longPollFallbackMs: FALLBACK_MS,
    sessionStorage: { getItem: (key) => remembered.get(key), setItem: (key, value) => remembered.set(key, value) },
  });
  const joining = socket.channel("app:slow").join(); // waits for the connection, and goes before its first heartbeat
  socket.connect();
  const joined = await answer(joining);
  assert.equal(joined.status, "ok");
  assert.equal(socket.transport, WebSocket);
  assert.equal(socket.primaryPassedHealthCheck, true);
  assert.equal(socket.establishedConnections, 1);
  assert.equal(remembered.size, 0, "no fallback for the next page either");
});
