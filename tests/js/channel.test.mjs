// Channels of the reference server, seen by the stock phoenix.js clients.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { answer, ask, current, events, join, listen, nextFrame, tell, testEach } from "./client.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

let server;
before(async () => { server = await startServer("reference"); });
after(() => server?.stop());

testEach("a socket connects", async (t, { newSocket, vsn, url }) => {
  const socket = newSocket(t, server);
  const opened = listen(socket, "onOpen");
  socket.connect();
  await opened.next("the socket to open");
  assert.equal(socket.isConnected(), true);
  assert.equal(url(socket).searchParams.get("vsn"), vsn);
});

testEach("a refused connection never opens", async (t, { newSocket }) => {
  const socket = newSocket(t, server, { params: { refuse: "1" }, reconnectAfterMs: () => 60_000 });
  const opened = listen(socket, "onOpen");
  const failed = listen(socket, "onError");
  socket.connect();
  const reason = await failed.next("the connection to fail");
  assert.match(String(reason.message ?? reason), /403/);
  assert.equal(opened.items.length, 0);
});

testEach("a heartbeat is answered", async (t, { connect }) => {
  const socket = await connect(t, server);
  const frames = listen(socket, "onMessage");
  socket.sendHeartbeat();
  const { topic, event, payload } = await frames.next("the answer to a heartbeat");
  assert.deepEqual([topic, event, payload], ["phoenix", "phx_reply", { status: "ok", response: {} }]);
});

testEach("a join is answered ok", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:lobby");
  assert.deepEqual(await answer(channel.join()), { status: "ok", response: {} });
  assert.equal(channel.state, "joined");
});

testEach("the params of a join reach the channel", async (t, { connect }) => {
  const socket = await connect(t, server);
  const params = { nick: "ann", tags: ["a", "b"], deep: { yes: true, none: null } };
  const channel = socket.channel("room:params", params);
  assert.deepEqual(await answer(channel.join()), { status: "ok", response: params });
});

testEach("a refused join says why", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:forbidden");
  assert.deepEqual(await answer(channel.join()), { status: "error", response: { reason: "unauthorized" } });
  channel.leave(); // or phoenix.js asks again for ever
});

testEach("a crash in join is an error, and the socket lives on", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:joincrash");
  assert.deepEqual(await answer(channel.join()), { status: "error", response: { reason: "join crashed" } });
  channel.leave();

  const other = await join(socket, "room:lobby");
  assert.equal((await ask(other, "echo", {})).status, "ok");
});

testEach("a topic that no channel serves is unmatched", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("nowhere");
  assert.deepEqual(await answer(channel.join()), { status: "error", response: { reason: "unmatched topic" } });
  channel.leave();
});

testEach("a push is answered with its payload", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:lobby");
  const payload = { text: "grüße, 世界 🌍 \u0000 \" \\", number: 1.5, list: [1, "two", null, { three: false }] };
  assert.deepEqual(await ask(channel, "echo", payload), { status: "ok", response: payload });
});

testEach("an answer can be an error, have a status of its own, or have no value", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:lobby");
  assert.deepEqual(await ask(channel, "err", { code: 7 }), { status: "error", response: { code: 7 } });
  assert.deepEqual(await ask(channel, "custom_status", { a: 1 }), { status: "custom", response: { a: 1 } });
  assert.deepEqual(await ask(channel, "status_only", { a: 1 }), { status: "ok", response: {} });
});

testEach("an answer may come later, and holds up no other message", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:later");
  const answers = queue();
  for (const event of ["async_reply", "echo"]) {
    channel.push(event, { n: 1 }).receive("ok", (response) => answers.put([event, response]));
  }
  assert.deepEqual(await answers.next("the first answer"), ["echo", { n: 1 }]);
  assert.deepEqual(await answers.next("the later answer"), ["async_reply", { n: 1 }]);
});

testEach("an event that the channel does not know is an error, and the channel lives on", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:lobby");
  const unmatched = { status: "error", response: { reason: "unmatched event" } };
  assert.deepEqual(await ask(channel, "no_such_event", {}), unmatched);
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
});

testEach("a broadcast reaches everybody on the topic, the sender too, and nobody else", async (t, { connect }) => {
  const [ann, bo, other] = await Promise.all(["room:b", "room:b", "room:c"].map(async (topic) => {
    const channel = await join(await connect(t, server), topic);
    return { channel, got: events(channel, "new_msg") };
  }));

  tell(ann.channel, "new_msg", { body: "hi" });
  assert.deepEqual(await ann.got.next("ann's copy"), { body: "hi" });
  assert.deepEqual(await bo.got.next("bo's copy"), { body: "hi" });

  // The broadcast is out, so had it been meant for the other topic it would come before this answer.
  await ask(other.channel, "echo", {});
  assert.equal(other.got.items.length, 0);
});

testEach("broadcasts of one channel arrive in order", async (t, { connect }) => {
  const ann = await join(await connect(t, server), "room:order");
  const bo = await join(await connect(t, server), "room:order");
  const got = events(bo, "new_msg");
  for (let n = 0; n < 100; n += 1) tell(ann, "new_msg", { n });
  for (let n = 0; n < 100; n += 1) assert.deepEqual(await got.next(`broadcast ${n}`), { n });
});

testEach("a shout reaches the others but not the sender", async (t, { connect }) => {
  const ann = await join(await connect(t, server), "room:shout");
  const bo = await join(await connect(t, server), "room:shout");
  const heardByAnn = events(ann, "shout");
  const heardByBo = events(bo, "shout");

  tell(ann, "shout", { body: "hey" });
  assert.deepEqual(await heardByBo.next("the shout"), { body: "hey" });
  await ask(ann, "echo", {}); // comes after whatever the shout sent to ann
  assert.equal(heardByAnn.items.length, 0);
});

testEach("the server pushes to one client", async (t, { connect }) => {
  const ann = await join(await connect(t, server), "room:push");
  const bo = await join(await connect(t, server), "room:push");
  const toAnn = events(ann, "pushed");
  const toBo = events(bo, "pushed");

  tell(ann, "push_me", { n: 1 });
  assert.deepEqual(await toAnn.next("the push"), { n: 1 });
  await ask(bo, "echo", {});
  assert.equal(toBo.items.length, 0);
});

testEach("a push from after the join arrives after its answer", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:after_join");
  const order = queue();
  channel.on("welcome", (payload) => order.put(["welcome", payload]));
  channel.join().receive("ok", (payload) => order.put(["ok", payload]));
  assert.deepEqual(await order.next("the join's answer"), ["ok", {}]);
  assert.deepEqual(await order.next("welcome"), ["welcome", { hello: "world" }]);
});

testEach("after a leave the client sends nothing more and the server has freed the topic", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = await join(socket, "room:leave");
  const frames = listen(socket, "onMessage");
  const closed = listen(channel, "onClose");

  channel.leave();
  await closed.next("the channel to close");
  const late = channel.push("echo", {}, 1); // refused as phoenix.js refuses: kept back until it times out
  assert.equal((await answer(late)).status, "timeout");
  assert.equal(late.sent, false);

  // phoenix.js does not wait for the server's answer to a leave, this test does.
  await nextFrame(frames, "phx_close", ({ event }) => event === "phx_close");
  socket.push({ topic: "room:leave", event: "echo", payload: {}, ref: "late", join_ref: null });
  const { payload } = await nextFrame(frames, "the answer to a push without a join", ({ ref }) => ref === "late");
  assert.deepEqual(payload, { status: "error", response: { reason: "unmatched topic" } });

  const again = await join(socket, "room:leave");
  assert.deepEqual(await ask(again, "echo", { n: 2 }), { status: "ok", response: { n: 2 } });
});

testEach("a channel that crashes errors alone and rejoins by itself", async (t, { connect }) => {
  const socket = await connect(t, server);
  const bystander = await join(socket, "room:bystander");
  const bystanderErrors = listen(bystander, "onError");

  const channel = socket.channel("room:crash");
  const joins = queue();
  const errors = listen(channel, "onError");
  channel.join().receive("ok", joins.put);
  await joins.next("the first join");

  tell(channel, "crash", {});
  assert.deepEqual(await errors.next("phx_error"), { reason: "channel_crash" });
  await joins.next("the rejoin");
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });

  assert.deepEqual(await ask(bystander, "echo", { n: 2 }), { status: "ok", response: { n: 2 } });
  assert.equal(bystanderErrors.items.length, 0);
  assert.equal(socket.isConnected(), true);
});

testEach("a channel that the server stops is closed and does not come back", async (t, { connect }) => {
  const socket = await connect(t, server);
  for (const event of ["stop", "stop_shutdown"]) {
    const channel = await join(socket, "room:stop");
    const closed = listen(channel, "onClose");
    tell(channel, event, {});
    await closed.next("phx_close");
    assert.equal(channel.state, "closed");
    assert.equal(socket.channels.includes(channel), false);
  }
});

testEach("the answer of a stopping channel comes before its close", async (t, { connect }) => {
  const channel = await join(await connect(t, server), "room:stop_reply");
  const order = queue();
  channel.onClose(() => order.put("close"));
  channel.push("stop_reply", { n: 1 }).receive("ok", order.put);
  assert.deepEqual(await order.next("the answer"), { n: 1 });
  assert.equal(await order.next("the close"), "close");
});

testEach("two topics share one socket without mixing", async (t, { connect }) => {
  const socket = await connect(t, server);
  const first = await join(socket, "room:one");
  const second = await join(socket, "room:two");
  const inFirst = events(first, "new_msg");
  const inSecond = events(second, "new_msg");

  tell(first, "new_msg", { to: "one" });
  tell(second, "new_msg", { to: "two" });
  assert.deepEqual(await inFirst.next("the first topic's message"), { to: "one" });
  assert.deepEqual(await inSecond.next("the second topic's message"), { to: "two" });

  first.leave();
  assert.deepEqual(await ask(second, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
  assert.deepEqual([inFirst.items.length, inSecond.items.length], [0, 0]);
});

// Not with 1.2: it takes the close of the first join for one of the second's, since version 1 has no join_ref.
testEach("a second join of a topic takes over from the first", async (t, { connect }) => {
  const socket = await connect(t, server);
  const first = await join(socket, "room:twice");
  const second = await join(socket, "room:twice"); // phoenix.js leaves the first on its own
  assert.equal(first.state, "closed");
  assert.deepEqual(await ask(second, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}, current);

testEach("a channel that the server stops with an error rejoins by itself", async (t, { connect }) => {
  const socket = await connect(t, server);
  const channel = socket.channel("room:stop_error");
  const joins = queue();
  const errors = listen(channel, "onError");
  channel.join().receive("ok", joins.put);
  await joins.next("the first join");

  tell(channel, "stop_error", {});
  assert.deepEqual(await errors.next("phx_error"), { reason: "channel_crash" });
  await joins.next("the rejoin");
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
});

testEach("a broadcast from outside any channel reaches everybody on the topic", async (t, { connect }) => {
  const ann = events(await join(await connect(t, server), "room:outside"), "news");
  const bo = events(await join(await connect(t, server), "room:outside"), "news");
  await server.post("/ctl/broadcast/room%3Aoutside/news");
  assert.deepEqual(await ann.next("ann's copy"), { from: "server" });
  assert.deepEqual(await bo.next("bo's copy"), { from: "server" });
});

testEach("an intercepted broadcast reaches each client in a form of its own", async (t, { connect }) => {
  const ann = await join(await connect(t, server), "intercept:a", { tag: "for ann" });
  const bo = await join(await connect(t, server), "intercept:a");
  const toAnn = events(ann, "new_msg");
  const toBo = events(bo, "new_msg");

  tell(ann, "new_msg", { body: "hi" });
  assert.deepEqual(await toAnn.next("ann's form"), { body: "hi", intercepted: "for ann" });
  assert.deepEqual(await toBo.next("bo's form"), { body: "hi", intercepted: true });

  await server.post("/ctl/broadcast/intercept:a/new_msg");
  assert.deepEqual(await toAnn.next("ann's form"), { from: "server", intercepted: "for ann" });
  assert.deepEqual(await toBo.next("bo's form"), { from: "server", intercepted: true });

  const others = events(bo, "news");
  await server.post("/ctl/broadcast/intercept:a/news");
  assert.deepEqual(await others.next("an event that is not intercepted"), { from: "server" });
});

testEach("the server knows who is there", async (t, { connect }) => {
  const one = await startServer("reference");
  t.after(() => one.stop());
  await join(await connect(t, one), "room:count");
  const socket = await connect(t, one);
  await join(socket, "room:count");
  await join(socket, "room:other");
  const { connections, channels, topics } = await one.get("/ctl/info");
  assert.deepEqual({ connections, channels, topics }, { connections: 2, channels: 3, topics: 2 });
});
