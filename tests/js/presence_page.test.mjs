// The presence example as people use it: real pages in headless Chromium.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newest, polling, testEach } from "./client.mjs";
import { connected, emptyPage, PHONE, shoot } from "./pages.mjs";
import { startServer } from "./server.mjs";
import { wire } from "./wire.mjs";

/** There is one board in a server, so each test has a server of its own. */
async function startBoard(t) {
  const server = await startServer("presence");
  t.after(() => server.stop());
  return server;
}

async function newPage(t, server, { client = newest, ...options } = {}) {
  const page = await emptyPage(t, options);
  await page.goto(`${server.url}/${client === polling ? "?transport=longpoll" : ""}`);
  return page;
}

async function signIn(page, user) {
  await page.getByTestId("user-input").fill(user);
  await page.getByTestId("enter").click();
  await person(page, user.toLowerCase()).waitFor();
}

/** A page on which `user` has signed in. */
async function enter(t, server, user, options) {
  const page = await newPage(t, server, options);
  await signIn(page, user);
  return page;
}

const person = (page, user) => page.locator(`[data-user="${user}"]`);

/** Waits until the page shows exactly these people, each as `Name: Status`, with ` xN` for N tabs. */
const shows = (page, ...people) => page.waitForFunction((wanted) => {
  const shown = [...document.querySelectorAll("#people > li")].map((item) => {
    const text = (name) => item.querySelector(`.${name}`).textContent;
    const tabs = Number.parseInt(text("tabs"), 10);
    return `${text("name")}: ${text("status")}${tabs > 1 ? ` x${tabs}` : ""}`;
  });
  return JSON.stringify(shown) === JSON.stringify(wanted);
}, people).catch(async (error) => {
  throw new Error(`waited for ${people.join(", ")}, have ${await page.locator("#people").innerText()}`, { cause: error });
});

/** What the page tells of comings and goings, the newest first. */
const news = (page) => page.getByTestId("news").locator(".what").allInnerTexts();

testEach("everybody sees who is there, in how many tabs, and how they are", async (t, client) => {
  const server = await startBoard(t);
  const ann = await enter(t, server, "Ann", { client });
  await shows(ann, "Ann Lindqvist: Online");
  const bo = await enter(t, server, "bo", { client });
  const other = await enter(t, server, "bo", { client });
  const pages = [ann, bo, other];
  for (const page of pages) await shows(page, "Ann Lindqvist: Online", "Bo Okafor: Online x2");
  assert.equal(await person(ann, "bo").locator(".team").innerText(), "Engineering");
  assert.equal(await person(ann, "bo").locator(".you").isVisible(), false);
  assert.equal(await person(bo, "bo").locator(".you").isVisible(), true);
  assert.equal(await ann.getByTestId("count").innerText(), "2");

  await bo.getByLabel("Away").check();
  for (const page of pages) await shows(page, "Ann Lindqvist: Online", "Bo Okafor: Online x2"); // the other tab is
  await other.getByLabel("Busy").check();
  for (const page of pages) await shows(page, "Ann Lindqvist: Online", "Bo Okafor: Busy x2");
  await ann.getByLabel("Away").check();
  for (const page of pages) await shows(page, "Ann Lindqvist: Away", "Bo Okafor: Busy x2");

  await other.getByTestId("leave").click();
  for (const page of [ann, bo]) await shows(page, "Ann Lindqvist: Away", "Bo Okafor: Away");
  await bo.getByTestId("leave").click();
  await shows(ann, "Ann Lindqvist: Away");
  assert.deepEqual(await news(ann), ["Bo Okafor left", "Bo Okafor came"], "once, not for each tab or status");
}, [newest, polling]);

// Not over long polling, where it takes the server fifteen seconds to notice.
test("a tab that is closed is gone after the grace period", async (t) => {
  const server = await startBoard(t);
  const ann = await enter(t, server, "ann");
  const [one, two] = [await enter(t, server, "bo"), await enter(t, server, "bo")];
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Online x2");
  await one.close();
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Online");
  assert.deepEqual(await news(ann), ["Bo Okafor came"]);
  await two.close();
  await shows(ann, "Ann Lindqvist: Online");
  assert.deepEqual(await news(ann), ["Bo Okafor left", "Bo Okafor came"]);
});

test("a reload is no news to the others, and changes nothing", async (t) => {
  const server = await startBoard(t);
  const ann = await newPage(t, server);
  const frames = [];
  await wire(ann, { down: (frame) => { frames.push(newest.decode(frame)); return frame; } });
  await signIn(ann, "ann");
  const bo = await enter(t, server, "bo");
  await bo.getByLabel("Busy").check();
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Busy");
  const came = () => person(ann, "bo").locator("time").getAttribute("datetime");
  const [since, known] = [await came(), frames.length];

  await bo.reload();
  await shows(bo, "Ann Lindqvist: Online", "Bo Okafor: Busy");
  await enter(t, server, "cleo"); // comes last
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Busy", "Cleo Marchetti: Online");
  assert.equal(await came(), since);
  const told = frames.slice(known).filter(({ event }) => event === "presence_diff").map(({ payload }) => payload);
  assert.deepEqual(told.map(({ joins, leaves }) => [Object.keys(joins), Object.keys(leaves)]), [[["cleo"], []]]);
});

testEach("a status that was chosen without a connection is told with the next", async (t, client) => {
  const server = await startBoard(t);
  const ann = await enter(t, server, "ann", { client });
  const bo = await newPage(t, server, { client });
  const breakWire = await wire(bo, {});
  await signIn(bo, "bo");
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Online");

  await bo.evaluate(() => {
    const connection = document.querySelector("#connection");
    new MutationObserver((_, observer) => {
      if (connection.dataset.state !== "disconnected") return;
      observer.disconnect();
      document.querySelector('input[value="away"]').click();
    }).observe(connection, { attributes: true });
  });
  await breakWire();
  await connected(bo);
  // Over long polling the connection that broke is a tab of its own until the server notices.
  const away = person(ann, "bo").locator('.light[data-status="away"]').first();
  await away.waitFor();
  assert.deepEqual(await news(ann), ["Bo Okafor came"]);
}, [newest, polling]);

test("guests are welcome, and their names stay text", async (t) => {
  const server = await startBoard(t);
  const ann = await enter(t, server, "ann");
  const guest = "<img src=x>";
  const eve = await enter(t, server, guest);
  for (const page of [ann, eve]) {
    await shows(page, `${guest}: Online`, "Ann Lindqvist: Online");
    assert.equal(await person(page, guest).locator(".team").innerText(), "Guest");
    assert.equal(await page.locator("#people img, #news img").count(), 0);
  }
  assert.deepEqual(await news(ann), [`${guest} came`]);
});

test("a name is checked before anybody is asked", async (t) => {
  const page = await newPage(t, await startBoard(t));
  await page.getByTestId("enter").click();
  assert.match(await page.locator("#user-error").innerText(), /enter a name/);
  await page.getByTestId("user-input").fill("x".repeat(25));
  await page.getByTestId("enter").click();
  assert.match(await page.locator("#user-error").innerText(), /25 characters/);
  await signIn(page, "🙂".repeat(24));
});

test("a name counts as it was typed, not as it is in lower case", async (t) => {
  const page = await newPage(t, await startBoard(t));
  const name = "İ".repeat(20); // 40 characters in lower case
  await signIn(page, name);
  await shows(page, `${name.toLowerCase()}: Online`);
  assert.equal(await person(page, name.toLowerCase()).locator(".you").isVisible(), true);
});

testEach("whom the server does not let in reads why, and may try again", async (t, client) => {
  const server = await startBoard(t);
  const page = await newPage(t, server, { client });
  await page.getByTestId("user-input").fill("\u0085"); // white space to the server alone
  await page.getByTestId("enter").click();
  await page.locator("#user-error", { hasText: "a name has 1 to 24 characters" }).waitFor();
  assert.equal(await page.locator("#board").isVisible(), false);
  await page.reload();
  await signIn(page, "ann"); // and it is not remembered
  assert.equal(await page.locator("#user-error").innerText(), "");
}, [newest, polling]);

test("the page can be used with the keyboard alone", async (t) => {
  const server = await startBoard(t);
  const ann = await enter(t, server, "ann");
  const page = await newPage(t, server);
  await page.locator("#user:focus").waitFor();
  await page.keyboard.type("bo");
  await page.keyboard.press("Enter");
  await person(page, "bo").waitFor();
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Sign out" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Tab");
  await page.getByRole("radio", { name: "Online" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("ArrowRight");
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Away");
});

test("the page says when the server is gone and comes back by itself", async (t) => {
  const one = await startServer("presence");
  t.after(() => one.stop());
  const [ann, bo] = [await enter(t, one, "ann"), await enter(t, one, "bo", PHONE)];
  await bo.getByLabel("Busy").check();
  await shows(ann, "Ann Lindqvist: Online", "Bo Okafor: Busy");
  await one.stop();
  for (const page of [ann, bo]) await page.locator('#connection[data-state="disconnected"]').waitFor();
  await shoot(bo, "presence-reconnecting-phone");

  const again = await startServer("presence", one.port);
  t.after(() => again.stop());
  for (const page of [ann, bo]) {
    await connected(page);
    await shows(page, "Ann Lindqvist: Online", "Bo Okafor: Busy");
  }
});

test("screenshots for people to look at", async (t) => {
  const server = await startBoard(t);
  await newPage(t, server).then((page) => shoot(page, "presence-start-desktop"));
  await newPage(t, server, { ...PHONE, colorScheme: "dark" }).then((page) => shoot(page, "presence-start-phone-dark"));

  const ann = await enter(t, server, "ann");
  const bo = await enter(t, server, "bo", { colorScheme: "dark" });
  const [two, mo] = [await enter(t, server, "bo"), await enter(t, server, "mo", PHONE)];
  const cleo = await enter(t, server, "cleo");
  await enter(t, server, "priya");
  const guest = await enter(t, server, "Noor");
  await two.getByLabel("Away").check();
  await mo.getByLabel("Busy").check();
  await guest.getByLabel("Away").check();
  await cleo.getByTestId("leave").click();
  const all = ["Ann Lindqvist: Online", "Bo Okafor: Online x2", "Mo Haddad: Busy", "noor: Away", "Priya Raman: Online"];
  for (const page of [ann, bo, mo]) await shows(page, ...all);

  await shoot(ann, "presence-desktop-light");
  await shoot(bo, "presence-desktop-dark");
  await shoot(mo, "presence-phone-light");
  await mo.emulateMedia({ colorScheme: "dark" });
  await shoot(mo, "presence-phone-dark");
  const overflow = await mo.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(overflow, 0, "nothing is wider than a phone");
});
