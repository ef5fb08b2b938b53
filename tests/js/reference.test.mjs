// What the reference server promises beyond what phoenix.js shows: its output, its mounts, its control routes, and
// frames that phoenix.js does not send.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { rawPolling, rawSocket } from "./raw.mjs";
import { startServer } from "./server.mjs";
import { within } from "./waiting.mjs";

const MOUNTS = ["/socket", "/idsocket", "/limited", "/strict"];
const POLLED = ["/socket", "/idsocket", "/strict"];

let server;
before(async () => { server = await startServer("reference"); });
after(() => server?.stop());

/** A raw socket that has joined `topic` with ref "1". */
async function enter(t, topic, { payload = {}, ...options } = {}) {
  const socket = await rawSocket(t, server, options);
  socket.send(["1", "1", topic, "phx_join", payload]);
  const reply = await socket.next("the answer to the join");
  assert.deepEqual(reply.slice(0, 4), ["1", "1", topic, "phx_reply"]);
  assert.equal(reply[4].status, "ok");
  return { ...socket, response: reply[4].response };
}

const reply = (ref, topic, status, response) => ["1", ref, topic, "phx_reply", { status, response }];

test("the output is the process id, the address, and nothing else", async (t) => {
  const one = await startServer("reference");
  t.after(() => one.stop());
  await rawSocket(t, one);
  await one.stop();
  assert.deepEqual(one.lines, [String(one.pid), `listening on 127.0.0.1:${one.port}`]);
});

for (const [source, args, env] of [
  ["the option --port", ["--port", "0"], { PORT: "1" }],
  ["the variable PORT", [], { PORT: "0" }],
]) {
  test(`the port comes from ${source}`, async (t) => {
    const one = await startServer("reference", 0, { args, env });
    t.after(() => one.stop());
    await rawSocket(t, one);
  });
}

test("every mount can be asked to refuse a connection", async (t) => {
  for (const path of MOUNTS) {
    for (const params of [{ refuse: "" }, { refuse: "false" }, { "refuse[deep]": "1" }, { "refuse[]": "1" }]) {
      await assert.rejects(rawSocket(t, server, { path, params }), /403/);
    }
    await rawSocket(t, server, { path });
  }
  for (const path of POLLED) {
    const { answer } = await rawPolling(server, { path, params: { refuse: "" } });
    assert.deepEqual(answer, { status: 403 });
  }
});

test("every mount but the limited one can be polled", async () => {
  for (const path of POLLED) {
    const { answer } = await rawPolling(server, { path });
    assert.equal(answer.status, 410);
    assert.deepEqual(answer.messages, []);
  }
  const { response } = await rawPolling(server, { path: "/limited" });
  assert.equal(response.status, 404);
});

test("a poll of the strict mount waits for one second", async () => {
  const { poll } = await rawPolling(server, { path: "/strict" });
  const asked = performance.now();
  const { status } = await within(poll(), "the end of the window", 5_000);
  assert.equal(status, 204);
  const waited = performance.now() - asked;
  assert.ok(waited > 950, `answered after ${waited} ms`);
});

test("only the strict mount asks where a page is from", async (t) => {
  for (const path of MOUNTS) {
    for (const origin of ["http://localhost", "https://localhost:8443"]) await rawSocket(t, server, { path, origin });
    for (const origin of ["http://example.com", "http://127.0.0.1", "null"]) {
      if (path === "/strict") await assert.rejects(rawSocket(t, server, { path, origin }), /403/);
      else await rawSocket(t, server, { path, origin });
    }
  }
  for (const path of POLLED) {
    const status = async (origin) => (await rawPolling(server, { path, headers: { origin } })).answer.status;
    assert.equal(await status("http://localhost"), 410);
    assert.equal(await status("http://example.com"), path === "/strict" ? 403 : 410);
  }
});

test("no mount answers an offer of compression or of a subprotocol", async (t) => {
  for (const path of MOUNTS) {
    const offers = { perMessageDeflate: true, headers: { "sec-websocket-protocol": "phoenix" } };
    const { extensions, protocol } = await rawSocket(t, server, { path, ...offers });
    assert.deepEqual([extensions, protocol], ["", ""]);
  }
});

test("every mount has the same channels", async (t) => {
  for (const path of MOUNTS) {
    for (const topic of ["room:a", "intercept:a"]) await enter(t, topic, { path });
    const socket = await rawSocket(t, server, { path });
    for (const topic of ["room", "rooms:a", "interceptor", "phoenix"]) {
      socket.send(["1", "1", topic, "phx_join", {}]);
      const unmatched = { status: "error", response: { reason: "unmatched topic" } };
      assert.deepEqual(await socket.next("the answer"), [null, "1", topic, "phx_reply", unmatched]);
    }
  }
});

test("other paths are not found", async () => {
  const paths = ["/", "/socket", "/socket/", "/nosuch/websocket", "/ctl", "/ctl/broadcast/room:a", "/ctl/info/more"];
  for (const path of paths) {
    assert.equal((await fetch(server.url + path)).status, 404, path);
  }
});

test("the limited mount takes a message of 65,536 bytes and closes on a larger one", async (t) => {
  const socket = await enter(t, "room:limited", { path: "/limited" });
  const frame = (size) => {
    const around = JSON.stringify(["1", "2", "room:limited", "echo", ""]).length;
    return ["1", "2", "room:limited", "echo", "x".repeat(size - around)];
  };
  const largest = frame(65_536);
  assert.equal(JSON.stringify(largest).length, 65_536);
  socket.send(largest);
  assert.deepEqual(await socket.next("the echo"), reply("2", "room:limited", "ok", largest[4]));
  socket.send(frame(65_537));
  assert.equal(await socket.closed(), 1009);
});

test("the strict mount closes a connection that is silent for three seconds", async (t) => {
  const socket = await rawSocket(t, server, { path: "/strict" });
  const opened = performance.now();
  assert.equal(await socket.closed(), 1001);
  const silent = performance.now() - opened;
  assert.ok(silent > 2_900, `closed after ${silent} ms`);
});

test("replies and join replies carry any JSON value as it was written", async (t) => {
  for (const value of ["null", "true", "0", "-0.0", "1.0", "123456789012345678901234567890", '"text"', "[]", "[[1]]", "{}"]) {
    const socket = await rawSocket(t, server);
    socket.sendText(`["1","1","room:params","phx_join",${value}]`);
    socket.sendText(`["1","2","room:params","echo",${value}]`);
    socket.sendText(`["1","3","room:params","err",${value}]`);
    socket.sendText(`["1","4","room:params","custom_status",${value}]`);
    for (const status of ["ok", "ok", "error", "custom"]) {
      const text = await socket.nextText("the reply");
      assert.ok(text.includes(`"response":${value}`), text);
      assert.ok(text.includes(`"status":"${status}"`), text);
    }
  }
});

test("a push or a broadcast that is no JSON object ends the channel", async (t) => {
  for (const event of ["push_me", "new_msg", "shout"]) {
    for (const value of [null, 1, "text", [1]]) {
      const socket = await enter(t, "room:no_object");
      socket.send(["1", "2", "room:no_object", event, value]);
      assert.deepEqual(
        await socket.next("the end"),
        ["1", "1", "room:no_object", "phx_error", { reason: "channel_crash" }],
        `${event} ${JSON.stringify(value)}`,
      );
    }
  }
});

test("effects appear in program order, also for the sender of a broadcast", async (t) => {
  const socket = await enter(t, "room:program_order");
  socket.send(["1", "2", "room:program_order", "new_msg", { n: 1 }]);
  socket.send(["1", "3", "room:program_order", "echo", { n: 2 }]);
  socket.send(["1", "4", "room:program_order", "push_me", { n: 3 }]);
  socket.send(["1", "5", "room:program_order", "noreply", { n: 4 }]);
  socket.send(["1", "6", "room:program_order", "status_only", { n: 5 }]);
  assert.deepEqual(await socket.next("the broadcast"), [null, null, "room:program_order", "new_msg", { n: 1 }]);
  assert.deepEqual(await socket.next("the reply"), reply("3", "room:program_order", "ok", { n: 2 }));
  assert.deepEqual(await socket.next("the push"), ["1", null, "room:program_order", "pushed", { n: 3 }]);
  assert.deepEqual(await socket.next("the last reply"), reply("6", "room:program_order", "ok", {}));
});

test("a later answer of a channel that has ended is not sent", async (t) => {
  const socket = await enter(t, "room:too_late");
  socket.send(["1", "2", "room:too_late", "async_reply", {}]);
  socket.send(["1", "3", "room:too_late", "stop", {}]);
  assert.deepEqual(await socket.next("the close"), ["1", "1", "room:too_late", "phx_close", {}]);

  // A later answer that is asked for now is due after that one would have been.
  socket.send(["4", "4", "room:too_late", "phx_join", {}]);
  socket.send(["4", "5", "room:too_late", "async_reply", {}]);
  assert.equal((await socket.next("the answer to the second join"))[1], "4");
  assert.equal((await socket.next("the later answer"))[1], "5");
});

test("an intercepted broadcast carries the join_ref of the client and its tag, whatever that is", async (t) => {
  const seen = async (payload) => {
    const socket = await enter(t, "intercept:tags", { payload });
    socket.send(["1", "2", "intercept:tags", "new_msg", { n: 1 }]);
    const [join_ref, ref, topic, event, { n, intercepted }] = await socket.next("the broadcast");
    assert.deepEqual([join_ref, ref, topic, event, n], ["1", null, "intercept:tags", "new_msg", 1]);
    socket.close();
    await socket.closed();
    return intercepted;
  };
  assert.equal(await seen({ tag: "ann" }), "ann");
  assert.deepEqual(await seen({ tag: { deep: [1] } }), { deep: [1] });
  for (const payload of [{}, { tag: null }, null, "text", []]) assert.equal(await seen(payload), true);
});

test("control routes take one segment for each name, percent-decoded, and ignore the body", async (t) => {
  const socket = await enter(t, "room:a/b c:ü");
  const path = `/ctl/broadcast/${encodeURIComponent("room:a/b c:ü")}/${encodeURIComponent("an event/ü")}`;
  for (const [type, body] of [[undefined, undefined], ["application/json", "{"], ["text/csv", "x".repeat(100_000)]]) {
    await server.post(path, { body, headers: type && { "content-type": type } });
    assert.deepEqual(await socket.next("the broadcast"), [null, null, "room:a/b c:ü", "an event/ü", { from: "server" }]);
  }
});

test("a broadcast or disconnect that reaches nobody is a success", async () => {
  await server.post("/ctl/broadcast/nobody/news");
  await server.post("/ctl/disconnect/nobody");
});

test("only the mount with ids gives ids", async (t) => {
  const params = { user_id: "same" };
  const others = await Promise.all(["/socket", "/limited", "/strict"].map((path) => rawSocket(t, server, { path, params })));
  const same = await rawSocket(t, server, { path: "/idsocket", params });
  const nameless = await rawSocket(t, server, { path: "/idsocket" });
  for (const id of ["users_socket:same", "users_socket:"]) await server.post(`/ctl/disconnect/${id}`);
  assert.equal(await same.closed(), 1001);
  for (const socket of [nameless, ...others]) {
    socket.send([null, "9", "phoenix", "heartbeat", {}]);
    const answer = await socket.next("the answer to a heartbeat");
    assert.deepEqual(answer, [null, "9", "phoenix", "phx_reply", { status: "ok", response: {} }]);
  }
});

test("the server tells about itself", async (t) => {
  const one = await startServer("reference", 0, { args: ["--port", "0", "--pubsub", "local", "--node", "n1"] });
  t.after(() => one.stop());
  const { version, ...rest } = await one.get("/ctl/info");
  assert.deepEqual(rest, { connections: 0, channels: 0, topics: 0, pubsub: "local", node: "n1" });
  assert.match(version, /^\d+\.\d+\.\d+$/);
});
