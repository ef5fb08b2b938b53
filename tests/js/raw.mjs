// Connections without phoenix.js, for what it never sends and does not show.

import { once } from "node:events";

import WebSocket from "ws";

import { queue, within } from "./waiting.mjs";

/** A WebSocket, which ends with the test `t`. Rejects with the status of the answer if the server refuses it. */
export async function rawSocket(t, server, { path = "/socket", params = {}, protocols = [], ...options } = {}) {
  const query = new URLSearchParams({ vsn: "2.0.0", ...params });
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}/websocket?${query}`, protocols, options);
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

/** The first request of long polling, and what continues with the token of its answer: `{ response, answer, poll, post }`. */
export async function rawPolling(server, { path = "/socket", params = {}, headers = {} } = {}) {
  const query = new URLSearchParams({ vsn: "2.0.0", ...params });
  const request = (token, init) => within(
    fetch(`${server.url}${path}/longpoll?${query}&${token}`, { ...init, headers: { connection: "close", ...headers } }),
    "an answer to a request of long polling",
  );
  const response = await request("");
  const answer = response.ok ? await response.json() : null;
  const token = new URLSearchParams({ token: answer?.token ?? "" });
  return {
    response,
    answer,
    poll: async () => (await request(token)).json(),
    post: async (frames) => {
      const body = frames.map((frame) => JSON.stringify(frame)).join("\n");
      return (await request(token, { method: "POST", body, headers: { "content-type": "application/x-ndjson" } })).json();
    },
  };
}
