// Who is in a room of the chat example, and who is typing, as its pages show it.

import assert from "node:assert/strict";

import { CLIENTS, comeIn, enter, member, members, message, newPage, nobodyTypes, note, say, server, typing } from "./chat_page.mjs";
import { connect, events, join, newest, old, testEach } from "./client.mjs";
import { wire } from "./wire.mjs";

testEach("people are seen to come and go", async (t, client) => {
  const ann = await enter(t, client, "Ann", "door");
  const bo = await enter(t, client, "Bo", "door");
  await note(ann, "Bo joined").waitFor();
  await member(ann, "Bo").waitFor();
  await member(bo, "Ann").waitFor(); // was there before

  await bo.getByTestId("leave-room").click();
  await note(ann, "Bo left").waitFor();
  await member(ann, "Bo").waitFor({ state: "detached" });
}, CLIENTS);

// Not over long polling, where it takes the server fifteen seconds to notice.
testEach("whoever closes the page is seen to leave", async (t, client) => {
  const ann = await enter(t, client, "Ann", "closing");
  const cleo = await enter(t, client, "Cleo", "closing");
  await note(ann, "Cleo joined").waitFor();
  await cleo.close();
  await note(ann, "Cleo left").waitFor();
  await members(ann, "Ann");
}, [newest, old]);

testEach("who takes another name has left with the old one, in every room", async (t, client) => {
  const ann = await enter(t, client, "Ann", "names");
  const bo = await enter(t, client, "Bo", "names");
  await bo.getByTestId("other-room-input").fill("more-names");
  await bo.getByTestId("other-room-join").click();
  await note(bo, "You joined #more-names").waitFor();
  const cleo = await enter(t, client, "Cleo", "more-names");

  await bo.getByTestId("change-name").click();
  await note(ann, "Bo left").waitFor();
  await note(cleo, "Bo left").waitFor();
  await comeIn(bo, "Bob", "names");
  for (const page of [ann, bo]) await members(page, "Ann", "Bob");
}, CLIENTS);

testEach("a name is a member once, until the last tab with it is closed", async (t, client) => {
  const room = `tabs-of-${client.vsn.slice(0, 1)}`;
  const ann = await enter(t, client, "Ann", room);
  const [one, two] = [await enter(t, client, "Bo", room), await enter(t, client, "Bo", room)];
  for (const page of [ann, one, two]) await members(page, "Ann", "Bo");
  const watcher = await join(await connect(t, server, { params: { name: "Watcher" } }), `room:${room}`);
  const diffs = events(watcher, "presence_diff");
  await members(ann, "Ann", "Bo", "Watcher");

  await one.close();
  let diff;
  do diff = await diffs.next("the first tab to go"); while (!diff.leaves.Bo);
  assert.equal(diff.leaves.Bo.metas.length, 1);
  await say(two, "still here");
  await message(ann, "still here").waitFor();
  await members(ann, "Ann", "Bo", "Watcher");
  assert.equal(await note(ann, "Bo left").count(), 0);

  await two.close();
  await note(ann, "Bo left").waitFor();
  await members(ann, "Ann", "Watcher");
  assert.equal(await note(ann, "Bo joined").count(), 1, "the second tab is no news");
}, [newest, old]);

testEach("who lost the connection is a member again, and hears of the others", async (t, client) => {
  const ann = await enter(t, client, "Ann", "lost");
  const bo = await newPage(t, client);
  const breakWire = await wire(bo, {});
  await comeIn(bo, "Bo", "lost");
  for (const page of [ann, bo]) await members(page, "Ann", "Bo");

  await breakWire();
  await note(bo, "You are back").waitFor();
  for (const page of [ann, bo]) await members(page, "Ann", "Bo");
  assert.equal(await note(bo, "Ann").count(), 0, "Ann has been there all the time");

  const cleo = await enter(t, client, "Cleo", "lost");
  for (const page of [ann, bo, cleo]) await members(page, "Ann", "Bo", "Cleo");
  await ann.getByTestId("leave-room").click();
  for (const page of [bo, cleo]) {
    await note(page, "Ann left").waitFor();
    await members(page, "Bo", "Cleo");
  }
}, CLIENTS);

testEach("the others see who is typing, until the message comes", async (t, client) => {
  const [ann, bo] = [await enter(t, client, "Ann", "typing"), await enter(t, client, "Bo", "typing")];
  await ann.getByTestId("message-input").pressSequentially("Hel");
  await typing(bo, /^Ann is typing…$/).waitFor();

  const cleo = await enter(t, client, "Cleo", "typing");
  await cleo.getByTestId("message-input").pressSequentially("I");
  await typing(bo, /^Ann and Cleo are typing…$/).waitFor();
  await typing(ann, /^Cleo is typing…$/).waitFor(); // and not Ann herself

  await say(ann, "Hello");
  await message(bo, "Hello").waitFor();
  await typing(bo, /^Cleo is typing…$/).waitFor();
  await cleo.getByTestId("leave-room").click(); // with something in the box
  for (const page of [ann, bo]) await nobodyTypes(page);
}, CLIENTS);

testEach("who stops typing is forgotten after a while", async (t, client) => {
  const ann = await newPage(t, client);
  let told = 0;
  await wire(ann, { up: (frame) => { told += frame.includes('"typing"'); return frame; } });
  await comeIn(ann, "Ann", "pause");
  const bo = await enter(t, client, "Bo", "pause");
  for (const page of [ann, bo]) await page.clock.install();
  const write = (text) => ann.getByTestId("message-input").pressSequentially(text);

  await write("some letters");
  await typing(bo, "Ann is typing").waitFor();
  await bo.clock.fastForward(5000);
  await nobodyTypes(bo);

  await ann.clock.fastForward(2000);
  await write("and more");
  await typing(bo, "Ann is typing").waitFor();
  assert.equal(told, 2, "not one message for each letter");
}, CLIENTS);
