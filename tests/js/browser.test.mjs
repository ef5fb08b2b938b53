// The newest phoenix.js in a real browser, which is stricter than Node: about origins, subprotocols and extensions.
// The pages are from another origin than the server, so a browser asks it before it polls (`OPTIONS`).

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { refuses, startProxy, staysSilent } from "./proxy.mjs";
import { startServer } from "./server.mjs";

const PHOENIX = await readFile(fileURLToPath(import.meta.resolve("phoenix")));

// An empty page, and the client.
const pages = createServer((request, response) => {
  const isClient = request.url === "/phoenix.mjs";
  response.setHeader("content-type", isClient ? "text/javascript" : "text/html");
  response.end(isClient ? PHOENIX : "<!doctype html>");
});

let browser;
let reference;
let app;
before(async () => {
  browser = await startBrowser();
  reference = await startServer("reference");
  app = await startServer("js_app");
  await once(pages.listen(0, "127.0.0.1"), "listening");
});
after(async () => {
  await browser?.close();
  await Promise.all([reference?.stop(), app?.stop()]);
  pages.close();
});

/** A test for each transport; `open` is said to `window.open` of the page. */
function testBoth(name, body) {
  const transports = {
    WebSocket: { open: {}, protocol: "phoenix", inAddress: ["vsn"] },
    "long polling": { open: { polls: true }, protocol: undefined, inAddress: ["vsn", "token"] }, // that of the session
  };
  for (const [over, transport] of Object.entries(transports)) test(`${name} (${over})`, (t) => body(t, transport));
}

/** An empty page of `host`, with a function `open(url, options)` that resolves with how a new socket's connection goes. */
async function newPage(t, host = "localhost") {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`http://${host}:${pages.address().port}`);
  await page.evaluate(async () => {
    const { LongPoll, Socket } = await import("/phoenix.mjs");
    /** As phoenix.js will poll from version 1.9 on: the token of the session in a header. */
    class TokenInHeader extends LongPoll {
      endpointURL() {
        return this.pollEndpoint;
      }

      ajax(method, headers, ...rest) {
        super.ajax(method, { ...headers, ...this.token && { "X-Phoenix-Longpoll-Token": this.token } }, ...rest);
      }
    }
    window.open = (url, { polls, tokenInHeader, ...options } = {}) => new Promise((resolve) => {
      const transport = { ...polls && { transport: LongPoll }, ...tokenInHeader && { transport: TokenInHeader } };
      window.socket = new Socket(url, { reconnectAfterMs: () => 60_000, ...transport, ...options });
      window.socket.onOpen(() => resolve("opened"));
      window.socket.onError(() => resolve("failed"));
      window.socket.connect();
    });
    window.polls = () => window.socket.transport === LongPoll;
    /** What the server answers to a push or join: `[status, response]`. */
    window.answer = (push) => new Promise((resolve) => {
      for (const status of ["ok", "error", "timeout"]) push.receive(status, (response) => resolve([status, response]));
    });
  });
  return page;
}

const open = (page, server, path, options) => (
  page.evaluate(([url, options]) => window.open(url, options), [`ws://127.0.0.1:${server.port}${path}`, options])
);

/** Joins `topic`, pushes `event`, and resolves with the answer. */
const ask = (page, topic, event, payload) => page.evaluate(async ([topic, event, payload]) => {
  const channel = window.socket.channel(topic);
  await window.answer(channel.join());
  return window.answer(channel.push(event, payload));
}, [topic, event, payload]);

testBoth("a token of the page reaches the server, and stays out of the address", async (t, { protocol, inAddress, ...how }) => {
  // The second is `fn5+` in base64. With `/` it would be no subprotocol: phoenix.js cannot send such a token from a page.
  for (const authToken of ["secret", "~~~", "x".repeat(2000)]) {
    const page = await newPage(t);
    assert.equal(await open(page, app, "/token", { authToken, ...how.open }), "opened");
    assert.deepEqual(await ask(page, "app:a", "token", {}), ["ok", authToken]);
    const conn = await page.evaluate(() => ({ protocol: socket.conn.protocol, url: socket.conn.url ?? socket.conn.endpointURL() }));
    assert.equal(conn.protocol, protocol);
    assert.deepEqual([...new URL(conn.url).searchParams.keys()], inAddress);
  }
});

testBoth("a page without a token connects where tokens are read, and finds none", async (t, how) => {
  const page = await newPage(t);
  assert.equal(await open(page, app, "/token", how.open), "opened");
  assert.deepEqual(await ask(page, "app:a", "token", {}), ["ok", null]);
});

testBoth("a page whose token is refused does not connect", async (t, how) => {
  const page = await newPage(t);
  assert.equal(await open(page, app, "/token", { authToken: "bad token", ...how.open }), "failed");
});

testBoth("a page of localhost connects, one from elsewhere does not", async (t, how) => {
  const own = await newPage(t);
  const foreign = await newPage(t, "127.0.0.1");
  assert.equal(await open(own, reference, "/strict", how.open), "opened");
  assert.equal(await open(foreign, reference, "/strict", how.open), "failed");
  assert.equal(await open(foreign, reference, "/socket", how.open), "opened", "this mount takes everybody");
});

testBoth("bytes come back as they went", async (t, how) => {
  const page = await newPage(t);
  assert.equal(await open(page, reference, "/socket", how.open), "opened");
  const echoed = await page.evaluate(async () => {
    const bytes = new Uint8Array(100_000).map((_, index) => index % 251).buffer;
    const channel = socket.channel("room:größe 🌍");
    await answer(channel.join());
    const pushed = new Promise((resolve) => { channel.on("bin_pushed", resolve); });
    const broadcast = new Promise((resolve) => { channel.on("bin_msg", resolve); });
    channel.push("bin_push", bytes);
    channel.push("bin_broadcast", bytes);
    const [, reply] = await answer(channel.push("bin", bytes));
    const received = (other) => (
      polls() ? Uint8Array.from(atob(other.base64), (char) => char.charCodeAt(0)) : new Uint8Array(other)
    );
    return [reply, await pushed, await broadcast].map((other) => String(received(other)) === String(new Uint8Array(bytes)));
  });
  assert.deepEqual(echoed, [true, true, true]);
});

test("a page may send the token of its session in a header", async (t) => {
  const page = await newPage(t);
  assert.equal(await open(page, reference, "/socket", { tokenInHeader: true }), "opened");
  assert.deepEqual(await ask(page, "room:header", "echo", { n: 1 }), ["ok", { n: 1 }]);
});

for (const [what, toWebSocket] of [["refuses WebSockets", refuses], ["answers no WebSocket", staysSilent]]) {
  test(`behind a proxy that ${what} a page polls`, async (t) => {
    const proxy = await startProxy(t, reference, toWebSocket);
    const page = await newPage(t);
    await page.evaluate(([url, options]) => {
      window.open(url, options);
      return new Promise((resolve) => { window.socket.onOpen(resolve); });
    }, [`ws://127.0.0.1:${proxy.port}/socket`, { longPollFallbackMs: 100 }]);
    assert.equal(await page.evaluate(() => polls()), true);
    assert.deepEqual(await ask(page, "room:proxy", "echo", { n: 1 }), ["ok", { n: 1 }]);
  });
}

test("messages are compressed both ways where the mount offers it", async (t) => {
  const page = await newPage(t);
  assert.equal(await open(page, app, "/compressed"), "opened");
  assert.match(await page.evaluate(() => socket.conn.extensions), /^permessage-deflate/);

  const same = await page.evaluate(async () => {
    const channel = socket.channel("app:compressed");
    await answer(channel.join());
    const broadcasts = [];
    channel.on("broadcast", (payload) => broadcasts.push(payload));

    const numbers = Array.from({ length: 10_000 }, (_, n) => n);
    const payloads = [
      {}, // too short to compress
      { text: "grüße 🌍", numbers },
      new TextEncoder().encode(numbers.join()).buffer, // these bytes shrink,
      crypto.getRandomValues(new Uint8Array(60_000)).buffer, // and these do not
      { after: 1 },
    ];
    const view = (value) => (value instanceof ArrayBuffer ? `bytes ${new Uint8Array(value)}` : JSON.stringify(value));
    const same = [];
    for (const payload of payloads) {
      channel.push("broadcast", payload);
      const [, reply] = await answer(channel.push("echo", payload)); // comes after the broadcast
      same.push([reply, broadcasts.pop()].every((got) => view(got) === view(payload)));
    }
    return same;
  });
  assert.deepEqual(same, [true, true, true, true, true]);
});
