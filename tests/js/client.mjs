// The stock phoenix.js clients in Node, with promises around their callbacks.

import { once } from "node:events";
import { test } from "node:test";

import { Socket } from "phoenix";
import { Socket as OldSocket } from "phoenix-v1";
import WebSocket from "ws";

import { queue, within } from "./waiting.mjs";

/** The newest client. It speaks version 2 of the protocol. */
export const newest = {
  name: "newest",
  vsn: "2.0.0",
  ...inNode(Socket, (socket) => new Promise((resolve) => socket.disconnect(resolve))),
  decode(frame) {
    const [join_ref, ref, topic, event, payload] = JSON.parse(frame);
    return { join_ref, ref, topic, event, payload };
  },
  encode: ({ join_ref, ref, topic, event, payload }) => JSON.stringify([join_ref, ref, topic, event, payload]),
};

/** The last one on npm that speaks version 1: JSON objects without a join_ref, no binary messages. */
export const old = {
  name: "1.2",
  vsn: "1.0.0",
  ...inNode(OldSocket, (socket) => {
    socket.disconnect();
    // Its timers know nothing of a disconnect, and would heartbeat, reconnect and rejoin for ever.
    clearInterval(socket.heartbeatTimer);
    socket.reconnectTimer.reset();
    for (const channel of socket.channels) channel.rejoinTimer.reset();
  }),
  decode: JSON.parse,
  encode: JSON.stringify,
};

export const { newSocket, connect } = newest;

function inNode(Socket, disconnect) {
  /** A socket on `server` that disconnects when the test `t` ends. Not connected yet. */
  const newSocket = (t, server, { path = "/socket", ...options } = {}) => {
    const socket = new Socket(`ws://127.0.0.1:${server.port}${path}`, { transport: WebSocket, ...options });
    t.after(() => within(disconnect(socket), "the socket to disconnect"));
    return socket;
  };
  /** The same, connected. */
  const connect = async (t, server, options) => {
    const socket = newSocket(t, server, options);
    const opened = listen(socket, "onOpen");
    socket.connect();
    await opened.next("the socket to open");
    return socket;
  };
  return { newSocket, connect };
}

/** A test that every client has to pass. The client is the second argument of `body`. */
export function testEach(name, body) {
  for (const client of [newest, old]) test(`${name} (phoenix.js ${client.name})`, (t) => body(t, client));
}

/** Joins `topic` on `socket`; resolves with the channel after the first ok. */
export async function join(socket, topic, params) {
  const channel = socket.channel(topic, params);
  const { status, response } = await answer(channel.join(), `an answer to the join of ${topic}`);
  if (status !== "ok") throw new Error(`join of ${topic}: ${status} ${JSON.stringify(response)}`);
  return channel;
}

/** What the server answers to a push or join: `{ status, response }`. */
export function answer(push, what = `an answer to ${push.event}`) {
  const answered = new Promise((resolve) => {
    for (const status of ["ok", "error", "custom", "timeout"]) {
      push.receive(status, (response) => resolve({ status, response }));
    }
  });
  return within(answered, what);
}

/** Pushes and resolves with the answer. */
export function ask(channel, event, payload) {
  return answer(channel.push(event, payload));
}

/** Pushes an event that is never answered. */
export function tell(channel, event, payload) {
  const push = channel.push(event, payload);
  push.timeoutTimer.unref(); // phoenix.js waits ten seconds for an answer; Node need not stay for that
}

/** Every `event` of a channel, in order. */
export function events(channel, event) {
  const seen = queue();
  channel.on(event, seen.put);
  return seen;
}

/** Every call of `socket.onOpen`, `socket.onClose`, `channel.onError` and the like, in order. */
export function listen(target, hook) {
  const seen = queue();
  target[hook](seen.put);
  return seen;
}

/** The first frame of `listen(socket, "onMessage")` that is `wanted`. */
export async function nextFrame(frames, what, wanted) {
  let frame;
  do frame = await frames.next(what); while (!wanted(frame));
  return frame;
}

/** A connection without phoenix.js, for frames that it never sends. It ends with the test `t`. */
export async function rawSocket(t, server, { path = "/socket", params = {}, ...options } = {}) {
  const query = new URLSearchParams({ vsn: "2.0.0", ...params });
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}/websocket?${query}`, options);
  const texts = queue();
  const closes = queue();
  socket.on("message", (data) => texts.put(String(data)));
  socket.on("close", closes.put);
  await within(once(socket, "open"), "the socket to open");
  t.after(() => socket.terminate());
  return {
    extensions: socket.extensions,
    protocol: socket.protocol,
    send: (frame) => socket.send(JSON.stringify(frame)),
    sendText: (text) => socket.send(text),
    next: async (what) => JSON.parse(await texts.next(what)),
    nextText: (what) => texts.next(what),
    close: () => socket.close(),
    /** The code that the connection was closed with. */
    closed: () => closes.next("the connection to close"),
  };
}
