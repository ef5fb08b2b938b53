// Binary payloads, which phoenix.js takes as an ArrayBuffer. It gives them as one too, but over long polling, where the
// server sends `{"base64": "…"}`. Version 1 of the protocol has none.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { answer, ask, current, events, join, old, tell, testEach } from "./client.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

const bytes = (...values) => new Uint8Array(values).buffer;
const BYTES = bytes(0, 1, 0x7f, 0x80, 0xfe, 0xff); // neither text nor JSON
const many = (length) => new Uint8Array(length).map((_, index) => index % 251).buffer;
const FOR_BYTES = ["bin", "bin_hex", "bin_broadcast", "bin_push"];
const FOR_JSON = [
  "new_msg", "shout", "push_me", "err", "status_only", "noreply", "custom_status", "async_reply", "crash", "stop",
  "stop_shutdown", "stop_reply", "stop_error",
];

let server;
before(async () => { server = await startServer("reference"); });
after(() => server?.stop());

testEach("bytes are answered with the same bytes", async (t, { connect, received, large }) => {
  const channel = await join(await connect(t, server), "room:größe 🌍"); // sizes in a frame are those of UTF-8
  for (const payload of [BYTES, bytes(), many(large)]) {
    for (const event of ["bin", "echo"]) {
      assert.deepEqual(await ask(channel, event, payload), { status: "ok", response: received(payload) });
    }
  }
}, current);

testEach("bytes can be answered with JSON", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:hex");
  assert.deepEqual(await ask(channel, "bin_hex", BYTES), { status: "ok", response: { hex: "00017f80feff" } });
}, current);

testEach("a join can carry bytes both ways", async (t, { connect, received }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:params", BYTES);
  const { status, response } = await answer(channel.join());
  assert.deepEqual([status, response], ["ok", received(BYTES)]);
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}, current);

testEach("the server pushes bytes to one client", async (t, { connect, received }) => {
  const ann = await join(await connect(t, server), "room:bin_push");
  const bo = await join(await connect(t, server), "room:bin_push");
  const toAnn = events(ann, "bin_pushed");
  const toBo = events(bo, "bin_pushed");

  tell(ann, "bin_push", BYTES);
  assert.deepEqual(await toAnn.next("the push"), received(BYTES));
  await ask(bo, "echo", {});
  assert.equal(toBo.items.length, 0);
}, current);

testEach("bytes are broadcast to everybody on the topic, in order with JSON", async (t, { connect, received, large }) => {
  const ann = await join(await connect(t, server), "room:bin_all");
  const bo = await join(await connect(t, server), "room:bin_all");
  const seen = [ann, bo].map((channel) => {
    const got = queue();
    channel.on("bin_msg", got.put);
    channel.on("new_msg", got.put);
    return got;
  });

  tell(ann, "bin_broadcast", BYTES);
  tell(ann, "new_msg", { n: 1 });
  tell(ann, "bin_broadcast", many(large));
  for (const got of seen) {
    for (const payload of [received(BYTES), { n: 1 }, received(many(large))]) {
      assert.deepEqual(await got.next("a broadcast"), payload);
    }
  }
}, current);

testEach("bytes for an event that wants JSON are an error, and the reverse; the channel lives on", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:either");
  for (const [event, payload] of [...FOR_JSON.map((event) => [event, BYTES]), ...FOR_BYTES.map((event) => [event, { n: 1 }])]) {
    const { status, response } = await ask(channel, event, payload);
    assert.deepEqual([status, response.reason], ["error", "invalid payload"]);
  }
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}, current);

testEach("a client of version 1 misses a broadcast of bytes, and nothing else", async (t, { connect, received }) => {
  const ann = await join(await connect(t, server), "room:mixed");
  const bo = await join(await old.connect(t, server), "room:mixed");
  const toAnn = events(ann, "bin_msg");
  const toBo = queue();
  for (const event of ["bin_msg", "new_msg", "phx_error"]) bo.on(event, (payload) => toBo.put([event, payload]));

  tell(ann, "bin_broadcast", BYTES);
  tell(ann, "new_msg", { n: 1 });
  assert.deepEqual(await toAnn.next("the bytes"), received(BYTES));
  assert.deepEqual(await toBo.next("what comes after the bytes"), ["new_msg", { n: 1 }]);
  assert.deepEqual(await ask(bo, "echo", { n: 2 }), { status: "ok", response: { n: 2 } });
}, current);
