// The stock phoenix.js clients in Node, with promises around their callbacks.

import { test } from "node:test";

import { LongPoll, Presence, Socket } from "phoenix";
import { LongPoll as LongPoll1812, Presence as Presence1812, Socket as Socket1812 } from "phoenix-1812";
import { Presence as functionsOfV1, Socket as OldSocket } from "phoenix-v1";
import WebSocket from "ws";

import { presenceOfV1 } from "./presence_of_v1.mjs";
import { queue, within } from "./waiting.mjs";

/** What differs between the transports for those who use them. */
const overWebSocket = {
  transport: WebSocket,
  url: (socket) => new URL(socket.conn.url),
  /** The form in which bytes from the server arrive. */
  received: (bytes) => bytes,
  /** Bytes that fit into one message. */
  large: 1_000_000,
  /** What connections are closed with; over long polling phoenix.js makes it up. */
  codes: { disconnect: 1001, unreadable: 1011, restart: [1012] },
  mounts: ["/socket", "/idsocket", "/limited", "/strict"],
};

const overLongPoll = {
  url: (socket) => new URL(socket.conn.endpointURL()),
  received: (bytes) => ({ base64: Buffer.from(bytes).toString("base64") }),
  large: 700_000, // more in base64, which is how they go
  codes: { disconnect: 3410, unreadable: 1011, restart: [1011, 3410] }, // the second if one more poll gets through
  mounts: ["/socket", "/idsocket", "/strict"],
};

const version2 = {
  vsn: "2.0.0",
  disconnect: (socket) => new Promise((resolve) => {
    socket.onClose(resolve); // a WebSocket's is soon closed, but phoenix.js looks only after 150 ms
    socket.disconnect(resolve);
  }),
  decode(frame) {
    const [join_ref, ref, topic, event, payload] = JSON.parse(frame);
    return { join_ref, ref, topic, event, payload };
  },
  encode: ({ join_ref, ref, topic, event, payload }) => JSON.stringify([join_ref, ref, topic, event, payload]),
};

/** JSON objects without a join_ref, no binary messages. */
const version1 = {
  vsn: "1.0.0",
  disconnect(socket) {
    socket.disconnect();
    // Its timers know nothing of a disconnect, and would heartbeat, reconnect and rejoin for ever.
    clearInterval(socket.heartbeatTimer);
    socket.reconnectTimer.reset();
    for (const channel of socket.channels) channel.rejoinTimer.reset();
  },
  decode: JSON.parse,
  encode: JSON.stringify,
};

export const newest = inNode({ name: "newest", Socket, Presence, ...version2, ...overWebSocket });

export const polling = inNode({
  name: "newest, long polling", Socket, Presence, ...version2, ...overLongPoll, transport: LongPoll,
});

/** The version whose source the protocol was read from. Newer ones have another life cycle of connections. */
const of1812 = inNode({
  name: "1.8.12", Socket: Socket1812, Presence: Presence1812, ...version2, ...overWebSocket,
});

/** Its requests leave behind the timers of their time limit, and Node would wait for those at the end. */
class LongPollUntilTheEnd extends LongPoll1812 {
  ajax(...request) {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (...timer) => setTimeout(...timer).unref();
    super.ajax(...request);
    globalThis.setTimeout = setTimeout;
  }
}

const polling1812 = inNode({
  name: "1.8.12, long polling", Socket: Socket1812, Presence: Presence1812, ...version2, ...overLongPoll,
  transport: LongPollUntilTheEnd,
});

/** The last one on npm that speaks version 1. Its long polling is one that Phoenix itself has given up. */
export const old = inNode({
  name: "1.2", Socket: OldSocket, Presence: presenceOfV1(functionsOfV1), ...version1, ...overWebSocket,
});

export const allPolling = [polling, polling1812];
/** Those of version 2 of the protocol. */
export const current = [newest, of1812, ...allPolling];
export const all = [...current, old];

export const { newSocket, connect } = newest;

function inNode(client) {
  /** A socket on `server` that disconnects when the test `t` ends. Not connected yet. */
  const newSocket = (t, server, { path = "/socket", ...options } = {}) => {
    const url = `ws://127.0.0.1:${server.port}${path}`;
    const socket = new client.Socket(url, { transport: client.transport, ...options });
    t.after(() => within(client.disconnect(socket), "the socket to disconnect"));
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
  return { ...client, newSocket, connect };
}

/** A test that each of the `clients` has to pass. The client is the second argument of `body`. */
export function testEach(name, body, clients = all) {
  for (const client of clients) test(`${name} (phoenix.js ${client.name})`, (t) => body(t, client));
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
