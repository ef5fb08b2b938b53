// What is special about long polling. What clients do over either transport is in the other files.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { LongPoll } from "phoenix";

import { all, allPolling, ask, connect, events, join, listen, newSocket, tell, testEach } from "./client.mjs";
import { rawPolling } from "./raw.mjs";
import { startServer } from "./server.mjs";
import { queue } from "./waiting.mjs";

let reference;
let app;
before(async () => {
  reference = await startServer("reference");
  app = await startServer("js_app");
});
after(() => Promise.all([reference?.stop(), app?.stop()]));

/** The answers to `join`, of the first and of each rejoin. */
async function joins(channel) {
  const answers = queue();
  channel.join().receive("ok", answers.put);
  await answers.next("the join");
  return answers;
}

testEach("what is sent in one turn goes a hundred to a request, and is answered in order", async (t, { connect }) => {
  const channel = await join(await connect(t, reference), "room:many");
  const { mock } = t.mock.method(globalThis, "fetch");
  const answers = queue();
  for (let n = 0; n < 250; n += 1) channel.push("echo", { n }).receive("ok", answers.put);
  for (let n = 0; n < 250; n += 1) assert.deepEqual(await answers.next(`answer ${n}`), { n });

  const posts = mock.calls.map((call) => call.arguments[1]).filter(({ method }) => method === "POST");
  assert.deepEqual(posts.map(({ body }) => body.split("\n").length), [100, 100, 50]);
}, allPolling);

test("messages that wait are all in the answer to the next poll", async (t) => {
  const ann = await rawPolling(reference);
  assert.deepEqual(await ann.post([["1", "1", "room:waiting", "phx_join", {}]]), { status: 200 });
  const joined = await ann.poll();
  assert.equal(joined.messages.length, 1);

  const bo = await join(await connect(t, reference), "room:waiting");
  for (let n = 0; n < 3; n += 1) tell(bo, "new_msg", { n });
  await ask(bo, "echo", {}); // is answered after the broadcasts have gone out

  const { status, messages } = await ann.poll();
  const expected = [0, 1, 2].map((n) => [null, null, "room:waiting", "new_msg", { n }]);
  assert.deepEqual([status, messages.map((message) => JSON.parse(message))], [200, expected]);
});

test("clients of either transport hear each other", async (t) => {
  const channels = await Promise.all(all.map(async (client) => join(await client.connect(t, reference), "room:either")));
  const heard = channels.map((channel) => events(channel, "new_msg"));
  for (const [n, channel] of channels.entries()) {
    tell(channel, "new_msg", { n });
    for (const got of heard) assert.deepEqual(await got.next(`the message of client ${n}`), { n });
  }
});

testEach("a client that is refused asks again, until it is let in", async (t, { newSocket }) => {
  let refuse = true;
  const params = () => (refuse ? { refuse: "1" } : {});
  const socket = newSocket(t, reference, { params, reconnectAfterMs: () => 10 });
  const [opened, failed, closed] = ["onOpen", "onError", "onClose"].map((hook) => listen(socket, hook));
  socket.connect();
  for (const time of ["first", "second"]) {
    assert.equal(await failed.next(`the ${time} refusal`), 403);
    assert.equal((await closed.next(`the ${time} close`)).code, 1008);
  }
  assert.equal(opened.items.length, 0);
  refuse = false;
  await opened.next("the socket to open");
}, allPolling);

testEach("a client that could not poll for a while reconnects and rejoins", async (t, { connect, name, transport }) => {
  const topic = `app:${name}`; // no other session is given up there
  let held = false;
  let release;
  class Held extends transport {
    poll() {
      if (held) release = () => super.poll();
      else super.poll();
    }
  }
  const socket = await connect(t, app, { path: "/brief", transport: Held });
  const closed = listen(socket, "onClose");
  const channel = socket.channel(topic);
  const joined = await joins(channel);
  const others = events(await join(await connect(t, app), topic), "left");

  held = true;
  await others.next("the server to give the session up");
  held = false;
  release();
  assert.equal((await closed.next("the close")).code, 3410);
  await joined.next("the rejoin");
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}, allPolling);

testEach("a client that sends too much at once reconnects and rejoins", async (t, { connect }) => {
  const socket = await connect(t, reference);
  const closed = listen(socket, "onClose");
  const channel = socket.channel("room:too_much");
  const joined = await joins(channel);
  t.mock.method(console, "log", () => {}); // phoenix.js shows the answer there
  tell(channel, "echo", { text: "x".repeat(1024 * 1024) });
  assert.equal((await closed.next("the close")).code, 1011);
  await joined.next("the rejoin");
  assert.deepEqual(await ask(channel, "echo", { n: 1 }), { status: "ok", response: { n: 1 } });
}, allPolling);

testEach("an auth token reaches the server, and stays out of the address", async (t, { connect, url }) => {
  const socket = await connect(t, app, { path: "/token", authToken: "secret +/= ~" });
  const channel = await join(socket, "app:a");
  assert.deepEqual(await ask(channel, "token", {}), { status: "ok", response: "secret +/= ~" });
  assert.doesNotMatch(url(socket).search, /secret/);
}, allPolling);

testEach("a client whose auth token is refused does not connect", async (t, { newSocket }) => {
  const socket = newSocket(t, app, { path: "/token", authToken: "bad token", reconnectAfterMs: () => 60_000 });
  const failed = listen(socket, "onError");
  socket.connect();
  assert.equal(await failed.next("the refusal"), 403);
}, allPolling);

test("the session's token may come in a header instead of the address", async (t) => {
  class TokenInHeader extends LongPoll {
    endpointURL() {
      return this.pollEndpoint;
    }

    ajax(method, headers, ...rest) {
      super.ajax(method, { ...headers, ...this.token && { "X-Phoenix-Longpoll-Token": this.token } }, ...rest);
    }
  }
  const socket = newSocket(t, reference, { transport: TokenInHeader });
  const closed = listen(socket, "onClose");
  socket.connect();
  const channel = await join(socket, "room:header");
  for (const payload of [{ n: 1 }, { n: 2 }]) {
    assert.deepEqual(await ask(channel, "echo", payload), { status: "ok", response: payload });
  }
  assert.equal(closed.items.length, 0);
});
