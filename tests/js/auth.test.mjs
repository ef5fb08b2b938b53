// The example `auth`: who has a token connects, and who is locked out does not.

import assert from "node:assert/strict";
import { createHmac, pbkdf2Sync } from "node:crypto";
import { after, before, test } from "node:test";

import { answer, connect, join, listen, newSocket } from "./client.mjs";
import { startServer } from "./server.mjs";
import { within } from "./waiting.mjs";

const SECRET = "a secret that is known to this test and the server, as if it were one of Phoenix";

let server;
let adminToken;
before(async () => {
  server = await startServer("auth", 0, { env: { SECRET_KEY_BASE: SECRET } });
  [, adminToken] = /^the admin's token: (.+)$/m.exec(server.lines.join("\n"));
});
after(() => server?.stop());

/** phoenix.js tries again by itself; a test that waits for a refusal wants only the first. */
const once = { reconnectAfterMs: () => 60_000 };

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

const admin = async (action, user, token = adminToken) => (await fetch(`${server.url}/admin/${action}/${user}`, {
  method: "POST",
  headers: { authorization: `Bearer ${token}`, connection: "close" },
})).status;

async function isRefused(t, options) {
  const socket = newSocket(t, server, { ...once, ...options });
  const outcome = new Promise((resolve) => {
    socket.onOpen(() => resolve("connected"));
    socket.onError(() => resolve("refused"));
  });
  socket.connect();
  assert.equal(await within(outcome, "the socket to open or fail"), "refused");
}

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
  await isRefused(t, {});
  await isRefused(t, { params: { token: await tokenOf("ann") } });
  const token = await tokenOf("ann");
  const [head, , signature] = token.split(".");
  const [, payloadOfBo] = sign("bo", now()).split(".");
  for (const authToken of ["forged", token.slice(0, -1), `${head}.${payloadOfBo}.${signature}`, adminToken]) {
    await isRefused(t, { authToken });
  }
  await isRefused(t, { authToken: sign("ann", now(), `not ${SECRET}`) });
});

test("a token expires after twelve hours", async (t) => {
  await isRefused(t, { authToken: sign("ann", now() - 12 * 3600 - 1) });
  await connect(t, server, { authToken: sign("ann", now() - 12 * 3600 + 60) });
});

test("a wrong password gets no token", async () => {
  assert.equal((await logIn("ann", "guess")).status, 401);
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
  await isRefused(t, { authToken });
});

test("nobody else is an admin", async () => {
  for (const token of ["", "forged", await tokenOf("ann"), sign("admin", now())]) {
    assert.equal(await admin("disconnect", "ann", token), 401);
  }
  assert.equal(await admin("promote", "ann"), 404);
});
