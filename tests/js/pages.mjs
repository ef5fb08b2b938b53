// Pages in headless Chromium. Whoever imports this has a browser before the tests of the file, and after each of them no
// page may have thrown an error.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, afterEach, before } from "node:test";

import { startBrowser } from "./browser.mjs";
import { queue } from "./waiting.mjs";

const ARTIFACTS = path.resolve(process.env.PHX_ARTIFACTS ?? path.join(import.meta.dirname, "../../artifacts"));
const DESKTOP = { width: 1200, height: 800 };
const LIMIT_MS = 15_000; // an upper bound for one wait, not a pause

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Uncaught exceptions of every page, and what else a test must not see. */
export const errors = queue();

let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser?.close());
afterEach(() => assert.deepEqual(errors.items.splice(0), [], "a page threw an error"));

/** An empty page of its own person: its own context, so its own session storage. */
export async function emptyPage(t, { viewport = DESKTOP, colorScheme = "light", ...options } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, ...options });
  context.setDefaultTimeout(LIMIT_MS);
  t.after(() => context.close());
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    errors.put(String(error));
    t.diagnostic(`the page threw: ${error}`); // or a wait that it dooms would be all there is to read
  });
  return page;
}

/** Waits for the sign that the page has its connection. */
export const connected = (page) => page.locator('#connection[data-state="connected"]').waitFor();

/** A screenshot, for people to look at. */
export async function shoot(page, name) {
  await mkdir(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: path.join(ARTIFACTS, `${name}.png`), animations: "disabled" });
}
