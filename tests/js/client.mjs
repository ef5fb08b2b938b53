// The stock phoenix.js client in Node, with promises around its callbacks.

import { Socket } from "phoenix";
import WebSocket from "ws";

import { queue, within } from "./waiting.mjs";

/** A socket on `server` that disconnects when the test `t` ends. Not connected yet. */
export function newSocket(t, server, options = {}) {
  const socket = new Socket(`ws://127.0.0.1:${server.port}/socket`, { transport: WebSocket, ...options });
  t.after(() => within(new Promise((resolve) => socket.disconnect(resolve)), "the socket to disconnect"));
  return socket;
}

/** The same, connected. */
export async function connect(t, server, options) {
  const socket = newSocket(t, server, options);
  const opened = listen(socket, "onOpen");
  socket.connect();
  await opened.next("the socket to open");
  return socket;
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
