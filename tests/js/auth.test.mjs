// The example `auth`: who has a token connects, and who is locked out does not.

import assert from "node:assert/strict";
import { createHmac, pbkdf2Sync } from "node:crypto";
import { after, before, test } from "node:test";

import { answer, connect, join, listen } from "./client.mjs";
import { rawSocket } from "./raw.mjs";
import { startServer } from "./server.mjs";

const SECRET = "a secret that is known to this test and the server, as if it were one of Phoenix";

let server;
let adminToken;
before(async () => {
  server = await startServer("auth", 0, { env: { SECRET_KEY_BASE: SECRET } });
  [, adminToken] = /^the admin's token: (.+)$/m.exec(server.lines.join("\n"));
});
after(() => server?.stop());

/** `Phoenix.Token.sign(SECRET, "user auth", user, signed_at: signedAt)`, with the seconds of `signedAt`. */
function sign(user, signedAt, secret = SECRET) {
  const name = Buffer.from(user);
  const head = Buffer.from([131, 104, 3, 109, 0, 0, 0, name.length]);
  const millis = Buffer.alloc(8);
  millis.writeBigUInt64LE(BigInt(signedAt * 1000));
  const day = Buffer.from([98, 0, 1, 0x51, 0x80]);
  const term = Buffer.concat([head, name, Buffer.from([110, 6, 0]), millis.subarray(0, 6), day]);
  const text = `SFMyNTY.${term.toString("base64url")}`;
  const key = pbkdf2Sync(secret, "user auth", 1000, 32, "sha256");
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

const now = () => Math.floor(Date.now() / 1000);

const logIn = (user, password = "sesame") => fetch(`${server.url}/login`, {
  method: "POST",
  headers: { "content-type": "application/json", connection: "close" },
  body: JSON.stringify({ user, password }),
});

async function tokenOf(user) {
  return (await (await logIn(user)).json()).token;
}

/** The status that the admin's route answers with, by default to the admin. */
async function admin(action, user, headers = { authorization: `Bearer ${adminToken}` }) {
  const url = `${server.url}/admin/${action}/${encodeURIComponent(user)}`;
  return (await fetch(url, { method: "POST", headers: { connection: "close", ...headers } })).status;
}

/** What phoenix.js offers as subprotocols for its `authToken`. */
const offer = (authToken) => ["phoenix", `base64url.bearer.phx.${Buffer.from(authToken).toString("base64url")}`];

/** With phoenix.js one would only see that it does not connect, as to a server that is gone. */
const isRefused = (t, options) => assert.rejects(rawSocket(t, server, options), /403/);

/** Who the server takes the socket's user for. */
async function whoAmI(socket) {
  const { status, response } = await answer(socket.channel("room:lobby").join());
  assert.equal(status, "ok");
  return response;
}

test("with the token of a login one is who one logged in as", async (t) => {
  const ann = await connect(t, server, { authToken: await tokenOf("ann") });
  assert.equal(await whoAmI(ann), "welcome, ann");
});

test("a token that another implementation of Phoenix.Token has made is as good", async (t) => {
  const bo = await connect(t, server, { authToken: sign("bo", now()) });
  assert.equal(await whoAmI(bo), "welcome, bo");
});

test("nobody connects without a token, or with a bad one", async (t) => {
  const token = await tokenOf("ann");
  await rawSocket(t, server, { protocols: offer(token) });
  await isRefused(t, {});
  await isRefused(t, { params: { token } });
  const [head, , signature] = token.split(".");
  const [, payloadOfBo] = sign("bo", now()).split(".");
  for (const bad of ["", "forged", token.slice(0, -1), `${head}.${payloadOfBo}.${signature}`, adminToken]) {
    await isRefused(t, { protocols: offer(bad) });
  }
  await isRefused(t, { protocols: offer(sign("ann", now(), `not ${SECRET}`)) });
});

test("a token expires after twelve hours", async (t) => {
  await isRefused(t, { protocols: offer(sign("ann", now() - 12 * 3600 - 1)) });
  await connect(t, server, { authToken: sign("ann", now() - 12 * 3600 + 60) });
});

test("a wrong password gets no token", async () => {
  assert.equal((await logIn("ann", "guess")).status, 401);
});

test("a name has 1 to 24 characters", async () => {
  for (const name of ["", " ", "é".repeat(25)]) assert.equal((await logIn(name)).status, 422, `"${name}"`);
  assert.equal((await logIn("é".repeat(24))).status, 200);
});

test("the admin disconnects all sockets of one user, who come back by themselves", async (t) => {
  const options = { authToken: await tokenOf("cy"), reconnectAfterMs: () => 10 };
  const sockets = [await connect(t, server, options), await connect(t, server, options)];
  const other = await connect(t, server, { authToken: await tokenOf("dee") });
  await join(other, "room:lobby");
  const closed = sockets.map((socket) => listen(socket, "onClose"));
  const opened = sockets.map((socket) => listen(socket, "onOpen"));

  assert.equal(await admin("disconnect", "cy"), 204);
  for (const close of closed) assert.equal((await close.next("the socket to close")).code, 1001);
  for (const open of opened) await open.next("the socket to open again");
  assert.equal(await whoAmI(sockets[0]), "welcome, cy");
  assert.ok(other.isConnected());
});

test("who is locked out is disconnected and cannot come back", async (t) => {
  const authToken = await tokenOf("eve");
  const eve = await connect(t, server, { authToken, reconnectAfterMs: () => 10 });
  const closed = listen(eve, "onClose");
  const failed = listen(eve, "onError");

  assert.equal(await admin("lock", "eve"), 204);
  assert.equal((await closed.next("the socket to close")).code, 1001);
  await failed.next("the first attempt to fail");
  await failed.next("the second attempt to fail");
  eve.disconnect();
  await isRefused(t, { protocols: offer(authToken) });
});

test("whatever the name, the admin finds it", async (t) => {
  for (const name of ["größe", "two words", "50% a/b?", "名前"]) {
    const authToken = await tokenOf(name);
    const socket = await connect(t, server, { authToken, reconnectAfterMs: () => 10 });
    assert.equal(await whoAmI(socket), `welcome, ${name}`);
    const closed = listen(socket, "onClose");
    const opened = listen(socket, "onOpen");
    assert.equal(await admin("disconnect", name), 204);
    assert.equal((await closed.next(`the socket of ${name} to close`)).code, 1001);
    await opened.next("the socket to open again");

    assert.equal(await admin("lock", name), 204);
    assert.equal((await closed.next(`the socket of ${name} to close again`)).code, 1001);
    await isRefused(t, { protocols: offer(authToken) });
    socket.disconnect();
  }
});

test("nobody else is an admin, and what they ask for is not done", async (t) => {
  const authToken = await tokenOf("ann");
  const ann = await connect(t, server, { authToken });
  const closed = listen(ann, "onClose");
  const others = ["Bearer ", "Bearer forged", `Bearer ${authToken}`, `Bearer ${sign("admin", now())}`, adminToken];
  for (const headers of [{}, ...others.map((authorization) => ({ authorization }))]) {
    for (const action of ["disconnect", "lock"]) assert.equal(await admin(action, "ann", headers), 401);
  }
  await rawSocket(t, server, { protocols: offer(authToken) });
  assert.equal(await whoAmI(ann), "welcome, ann");
  assert.deepEqual(closed.items, []);
  assert.equal(await admin("promote", "ann"), 404);
});
