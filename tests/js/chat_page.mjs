// The page of the chat example, as tests use it. Whoever imports this has a chat before the tests of the file.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before } from "node:test";

import { newest, old, polling } from "./client.mjs";
import { connected, emptyPage, errors } from "./pages.mjs";
import { presenceOfV1 } from "./presence_of_v1.mjs";
import { startServer } from "./server.mjs";

export const CLIENTS = [newest, old, polling];

// The page wants a module with a class `Presence`, which the old client became only later.
const OLD_FILE = createRequire(import.meta.url).resolve("phoenix-v1");
const OLD_MODULE = {
  contentType: "text/javascript",
  body: `const exports = {};\n${await readFile(OLD_FILE)}\nexport const { LongPoll, Socket } = exports;
const ofV1 = (${presenceOfV1})(exports.Presence);\nexport { ofV1 as Presence };`,
};

export let server;
before(async () => { server = await startServer("chat"); });
after(() => server?.stop());

/** A page with `client` as its phoenix.js and its way to the server. */
export async function newPage(t, client, { from = server, hash = "", block, ...options } = {}) {
  const page = await emptyPage(t, options);
  if (block) await page.route(block, (route) => route.abort());
  if (client === old) await page.route("**/phoenix.mjs", (route) => route.fulfill(OLD_MODULE));
  page.on("websocket", (socket) => {
    const expected = client !== polling && socket.url().includes(`vsn=${client.vsn}`);
    if (!expected) errors.put(`not phoenix.js ${client.name}: ${socket.url()}`);
  });
  await page.goto(`${from.url}/${client === polling ? "?transport=longpoll" : ""}${hash}`);
  return page;
}

/** A page on which `name` has joined `room`. */
export async function enter(t, client, name, room, options) {
  const page = await newPage(t, client, options);
  await comeIn(page, name, room);
  return page;
}

export async function comeIn(page, name, room) {
  await page.getByTestId("name-input").fill(name);
  await page.getByTestId("room-input").fill(room);
  await page.getByTestId("enter").click();
  await connected(page);
  await note(page, `You joined #${room}`).waitFor();
}

export const message = (page, text) => page.locator(".log.current").getByTestId("message").filter({ hasText: text });
export const note = (page, text) => page.locator(".log.current").getByTestId("note").filter({ hasText: text });
export const member = (page, name) => page.getByTestId("member").filter({ hasText: name });

/** Waits for exactly these members, in this order. */
export const members = (page, ...names) => page.waitForFunction((wanted) => {
  const shown = [...document.querySelectorAll("#members .name")].map((name) => name.textContent);
  return JSON.stringify(shown) === JSON.stringify(wanted);
}, names);

export const typing = (page, text) => page.getByTestId("typing").filter({ hasText: text });
export const nobodyTypes = (page) => page.waitForFunction(() => document.querySelector("#typing").textContent === "");

export async function say(page, text) {
  await page.getByTestId("message-input").fill(text);
  await page.getByTestId("message-input").press("Enter");
}
