// The chat page: one socket for the visit, one channel for each open room.
//
// phoenix.js does the hard part: it reconnects the socket and rejoins every channel by itself. This file shows
// what happens, and decides what becomes of messages that were on their way when the connection broke.
// Text from other people only ever meets the page through textContent or text nodes.

const MAX_NAME = 24; // the server's limits, checked here first so that nobody has to wait for a refusal
const MAX_BODY = 2000;
const MAX_SLUG = 32;
const MAX_LINES = 500; // per room; a tab left open for a week should not grow for a week
const GROUP_MS = 5 * 60_000; // lines of one person within this time share one heading
const TYPING_EVERY_MS = 2000; // how often the others are told that somebody is still typing
const TYPING_LASTS_MS = 5000; // and how long they believe it

const CONNECTION_TEXT = {
  connecting: "Connecting…",
  connected: "Connected",
  disconnected: "Disconnected: reconnecting…",
};
const REFUSED = {
  empty: "there is nothing in it",
  too_long: `it has more than ${MAX_BODY} characters`,
  timeout: "the server did not answer",
  lost: "the connection broke before the server confirmed it",
};

const ui = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

const { LongPoll, Presence, Socket } = await import("/phoenix.mjs").catch((error) => {
  ui.fatal.textContent = "The Phoenix client is missing. Run “npm ci” in examples/page and load this page again.";
  throw error;
});

// As in a new Phoenix app: a WebSocket, and long polling where none opens within this time.
// `?transport=longpoll` in the address asks for long polling from the start.
const TRANSPORT = new URLSearchParams(location.search).get("transport") === "longpoll"
  ? { transport: LongPoll }
  : { longPollFallbackMs: 2500 };

let me = "";
let socket = null;
let current = null; // the room on screen
const rooms = new Map(); // slug -> Room, in the order they were opened

// ---------------------------------------------------------------------------------------------- one room

class Room {
  constructor(slug) {
    this.slug = slug;
    this.state = "joining"; // joining | joined | rejoining | closed
    this.members = [];
    this.typing = new Map(); // name -> the timer that forgets it
    this.saidTyping = 0; // when the others were last told that somebody types here
    this.unread = 0;
    this.drafts = []; // own messages that the server has not confirmed yet
    this.atEnd = true; // scrolled to the newest line: stay there when lines are added
    this.top = 0;

    this.log = clone("log-template");
    this.lines = this.log.querySelector("ol");
    this.log.setAttribute("aria-label", `Messages in ${slug}`);
    this.log.addEventListener("scroll", () => this.scrolled());
    ui.logs.append(this.log);

    this.item = clone("room-template");
    this.item.querySelector("a").href = `#${slug}`;
    this.item.querySelector("a").title = slug; // the list may have to cut a long one
    this.item.querySelector(".slug").textContent = slug;
    ui.rooms.append(this.item);
    this.connect();
  }

  connect() {
    this.state = "joining";
    this.joinedBefore = false;
    const channel = socket.channel(`room:${this.slug}`);
    this.channel = channel;

    this.meet(channel);
    channel.on("message", (message) => this.receive(message));
    channel.on("typing", ({ name }) => this.types(name));
    channel.on("opened", ({ room }) => this.note("Somebody is in ", bold(`#${room}`)));
    channel.onError(() => this.lost());
    channel.onClose(() => this.closed("The server closed this room."));

    // phoenix.js calls these again at every rejoin.
    channel.join()
      .receive("ok", (reply) => this.joined(reply))
      .receive("error", ({ reason }) => this.closed(`The room did not let you in: ${reason ?? "no reason given"}.`));
  }

  joined({ name }) {
    this.state = "joined";
    this.name = name;
    if (this.joinedBefore) this.note("You are back. What was said while you were away is not shown.");
    else this.note("You joined ", bold(`#${this.slug}`));
    this.joinedBefore = true;
    for (const draft of this.drafts) if (draft.state === "waiting") this.deliver(draft);
    render();
  }

  // Presence has one entry for each name, with a meta for each tab it is here with.
  meet(channel) {
    const presence = new Presence(channel);
    let knowsOthers = false; // whoever was here before has not just joined
    presence.onJoin((name, before) => {
      if (knowsOthers && !before) this.note(isolated(name), " joined");
    });
    presence.onLeave((name, after) => {
      if (after.metas.length > 0) return;
      this.stopsTyping(name);
      this.note(isolated(name), " left");
    });
    presence.onSync(() => {
      knowsOthers = true;
      this.members = presence.list((name) => name).sort((one, other) => one.localeCompare(other));
      render();
    });
  }

  // ---- who is typing

  type() {
    const now = Date.now();
    if (this.state !== "joined" || now - this.saidTyping < TYPING_EVERY_MS) return;
    this.saidTyping = now;
    this.channel.push("typing", {});
  }

  types(name) {
    clearTimeout(this.typing.get(name));
    this.typing.set(name, setTimeout(() => this.stopsTyping(name), TYPING_LASTS_MS));
    renderTyping();
  }

  stopsTyping(name) {
    clearTimeout(this.typing.get(name));
    if (this.typing.delete(name)) renderTyping();
  }

  nobodyTypes() {
    for (const name of [...this.typing.keys()]) this.stopsTyping(name);
  }

  // The connection or the channel broke; phoenix.js is already on its way back.
  lost() {
    if (this.state === "closed") return;
    if (this.state === "joined") this.note("Connection lost. Rejoining…");
    this.state = "rejoining";
    this.nobodyTypes();
    for (const draft of this.drafts) if (draft.state === "sending") this.fail(draft, "lost");
    render();
  }

  // For good: without leave() phoenix.js would go on asking a server that said no.
  closed(why) {
    if (this.state === "closed") return;
    this.state = "closed";
    this.members = [];
    this.nobodyTypes();
    this.channel.leave();
    for (const draft of this.drafts) if (draft.state !== "failed") this.fail(draft, "lost");
    this.note(why, " ", button("Try again", () => { this.connect(); render(); }));
    render();
  }

  leave() {
    this.state = "closed"; // first, so that the channel's own close says nothing
    this.nobodyTypes();
    this.log.remove();
    this.item.remove();
    rooms.delete(this.slug);
    return this.channel.leave();
  }

  // ---- messages

  send(body) {
    const draft = { body, line: messageLine({ from: me, body, at: Date.now() }, true) };
    draft.line.querySelector(".again").addEventListener("click", () => this.deliver(draft));
    this.drafts.push(draft);
    this.atEnd = true; // whoever writes wants to see it, wherever they had scrolled to
    this.saidTyping = 0; // the others have just seen the end of it
    this.add(draft.line);
    this.deliver(draft);
  }

  // While the room is away a draft waits here, not in phoenix.js, whose buffer forgets it after ten seconds.
  deliver(draft) {
    if (this.state !== "joined") return mark(draft, this.state === "closed" ? "failed" : "waiting");
    mark(draft, "sending");
    const push = this.channel.push("message", { body: draft.body });
    draft.push = push;
    const unlessOld = (act) => (reply) => { if (draft.push === push) act(reply); };
    push
      .receive("ok", unlessOld(() => this.confirm(draft, Date.now())))
      .receive("error", unlessOld(({ reason }) => this.fail(draft, reason)))
      .receive("timeout", unlessOld(() => this.fail(draft, "timeout")));
  }

  // The broadcast of an own message, or else its reply, confirms it.
  confirm(draft, at) {
    if (!this.drafts.includes(draft)) return;
    this.drafts = this.drafts.filter((other) => other !== draft);
    mark(draft, "sent");
    setTime(draft.line, at);
  }

  fail(draft, reason) {
    if (!this.drafts.includes(draft)) return;
    draft.push = null;
    mark(draft, "failed", REFUSED[reason] ?? reason);
  }

  receive({ from, body, at }) {
    this.stopsTyping(from);
    // Two people may have the same name, so the name alone does not make a message one's own.
    const own = from === this.name && this.drafts.find((draft) => draft.body === body);
    if (own) this.confirm(own, at);
    // Also an own line moves to the end: the server's order is the one that everybody sees.
    this.add(own ? own.line : messageLine({ from, body, at }, false));
    if (own || (this === current && !document.hidden)) return;
    this.unread += 1;
    renderRooms();
  }

  // ---- the log

  note(...parts) {
    const line = document.createElement("li");
    line.className = "note";
    line.dataset.testid = "note";
    line.append(...parts); // strings become text nodes
    this.add(line);
  }

  add(line) {
    const follower = line.nextElementSibling;
    this.lines.append(line);
    group(line);
    if (follower) group(follower);
    while (this.lines.childElementCount > MAX_LINES) this.lines.firstElementChild.remove();
    if (this.atEnd) this.scrollToEnd();
    else if (this === current && line.classList.contains("message")) ui.jump.hidden = false;
  }

  scrollToEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    if (scrollHeight - scrollTop - clientHeight < 40) this.atEnd = true;
    else if (scrollTop < this.top) this.atEnd = false; // only upwards: a resize moves things too, and means nothing
    this.top = scrollTop;
    if (this.atEnd && this === current) ui.jump.hidden = true;
  }
}

// ---------------------------------------------------------------------------------------------- pieces of the page

function clone(template) {
  return ui[template].content.firstElementChild.cloneNode(true);
}

function isolated(name) {
  const bdi = document.createElement("bdi"); // a right-to-left name must not turn the sentence around it
  bdi.textContent = name;
  return bdi;
}

function bold(text) {
  const strong = document.createElement("strong");
  strong.textContent = text;
  return strong;
}

function button(text, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", () => { element.remove(); act(); });
  return element;
}

// The same name has the same colour on every screen.
function paintAvatar(avatar, name) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 9973;
  avatar.style.setProperty("--hue", (hash * 47) % 360);
  avatar.textContent = [...name][0]?.toUpperCase() ?? "";
}

function messageLine({ from, body, at }, own) {
  const line = clone("message-template");
  line.dataset.from = from;
  line.dataset.own = own;
  paintAvatar(line.querySelector(".avatar"), from);
  line.querySelector(".from").textContent = own ? "You" : from;
  line.querySelector(".body").textContent = body;
  setTime(line, at);
  return line;
}

function setTime(line, at) {
  const date = new Date(at);
  const time = line.querySelector("time");
  line.dataset.at = at;
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString([], { timeStyle: "short" });
  line.querySelector(".body").title = date.toLocaleString(); // a grouped line has no heading to show it
}

function mark(draft, state, reason = "the room is closed") {
  draft.state = state;
  draft.line.dataset.state = state;
  draft.line.querySelector(".delivery-text").textContent = {
    waiting: "Waiting for the connection",
    sending: "Sending…",
    sent: "",
    failed: `Not sent: ${reason}.`,
  }[state];
}

// Messages that closely follow one of the same person go without their heading.
function group(line) {
  const before = line.previousElementSibling;
  const follows = line.dataset.from !== undefined && before?.dataset.from === line.dataset.from
    && before.dataset.own === line.dataset.own && line.dataset.at - before.dataset.at < GROUP_MS;
  line.classList.toggle("follows", follows);
}

// ---------------------------------------------------------------------------------------------- showing the state

function render() {
  if (current && !document.hidden) current.unread = 0;
  renderRooms();
  renderMembers();
  renderTyping();

  ui["room-title"].textContent = current ? `#${current.slug}` : "No room";
  ui.app.dataset.room = current?.state ?? "";
  ui["no-room"].hidden = Boolean(current);
  ui.leave.hidden = !current;
  ui.composer.hidden = !current;
  ui.body.disabled = current?.state === "closed";
  ui.body.placeholder = ui.body.disabled ? "This room is closed" : `Message #${current?.slug}`;
  renderComposer();
}

// Updates what is there instead of building it anew: a link that has the keyboard's focus keeps it.
function renderRooms() {
  for (const room of rooms.values()) {
    const link = room.item.querySelector("a");
    link.dataset.state = room.state;
    if (room === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    const unread = room.item.querySelector(".unread");
    unread.textContent = room.unread > 99 ? "99+" : room.unread || "";
    unread.title = room.unread ? `${room.unread} unread` : "";
  }
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${current ? `#${current.slug} · ` : ""}Chat`;
}

function renderMembers() {
  const members = current?.members ?? [];
  ui.members.replaceChildren(...members.map((name) => {
    const item = clone("member-template");
    paintAvatar(item.querySelector(".avatar"), name);
    item.querySelector(".name").textContent = name;
    item.querySelector(".name").title = name;
    item.querySelector(".you").hidden = name !== current.name;
    return item;
  }));
  ui["member-count"].textContent = members.length || "";
  ui["people-here"].textContent = members.length ? `${members.length} here` : "";
}

function renderTyping() {
  const names = [...current?.typing.keys() ?? []].map(isolated);
  if (names.length === 0) ui.typing.replaceChildren();
  else if (names.length === 1) ui.typing.replaceChildren(names[0], " is typing…");
  else if (names.length === 2) ui.typing.replaceChildren(names[0], " and ", names[1], " are typing…");
  else ui.typing.replaceChildren("Several people are typing…");
}

function renderComposer() {
  const body = ui.body.value.trim();
  const over = [...body].length - MAX_BODY; // characters as the server counts them, not UTF-16 units
  ui.send.disabled = ui.body.disabled || body === "" || over > 0;
  ui.hint.dataset.tone = over > 0 ? "error" : "";
  if (over > 0) ui.hint.textContent = `${over} ${over === 1 ? "character" : "characters"} too many`;
  else if (over > -200) ui.hint.textContent = `${-over} left`;
  else if (current?.state === "rejoining") ui.hint.textContent = "What you send now waits for the connection.";
  else ui.hint.textContent = "";
  ui.body.style.height = "auto"; // then as high as the text, up to the style's limit
  ui.body.style.height = `${ui.body.scrollHeight + ui.body.offsetHeight - ui.body.clientHeight}px`;
}

function setConnection(state) {
  const polls = socket.transport === LongPoll; // phoenix.js changes it when it falls back
  ui.connection.dataset.state = state;
  ui.connection.dataset.transport = polls ? "longpoll" : "websocket";
  ui["connection-text"].textContent = CONNECTION_TEXT[state];
  ui.transport.textContent = polls ? "long polling" : "WebSocket";
}

// Only narrow screens have it to open and close.
function showSidebar(open) {
  const wasOpen = ui.app.classList.contains("sidebar-open");
  ui.app.classList.toggle("sidebar-open", open);
  ui["open-sidebar"].setAttribute("aria-expanded", open);
  if (open) ui["close-sidebar"].focus();
  else if (wasOpen) ui["open-sidebar"].focus();
}

// Not on touch screens, where focus throws the keyboard over half the page.
function focusComposer() {
  if (matchMedia("(pointer: fine)").matches && !ui.body.disabled) ui.body.focus();
}

// ---------------------------------------------------------------------------------------------- coming and going

// "Tea Room!" -> "tea-room"; the server takes [a-z0-9-]{1,32} and nothing else.
function slugify(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-").slice(0, MAX_SLUG).replace(/^-+|-+$/g, "");
}

function slugInAddress() {
  try {
    return slugify(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return ""; // a stray % in the address
  }
}

function nameProblem(name) {
  if (name === "") return "Please enter a name.";
  const length = [...name].length;
  return length > MAX_NAME ? `That name has ${length} characters; ${MAX_NAME} is the most.` : "";
}

function enter(name) {
  me = name;
  sessionStorage.setItem("chat:name", name); // per tab: two tabs may be two people
  ui["my-name"].textContent = name;
  paintAvatar(ui["my-avatar"], name);
  ui.start.hidden = true;
  ui.app.hidden = false;

  const mine = new Socket("/socket", { params: { name }, ...TRANSPORT });
  socket = mine;
  setConnection("connecting");
  const show = (state) => { if (socket === mine) setConnection(state); };
  mine.onOpen(() => show("connected"));
  mine.onClose(() => show("disconnected"));
  mine.connect();
  followAddress();
}

function quit() {
  sessionStorage.removeItem("chat:name");
  disconnectAfter([...rooms.values()].map((room) => room.leave()), socket);
  socket = null;
  current = null;
  ui.app.hidden = true;
  ui.start.hidden = false;
  document.title = "Chat";
  ui["first-room"].value = slugInAddress();
  ui.name.select();
}

// phoenix.js calls a leave answered as soon as it is called. The connection has to be there until it really is, or
// those who stay would hear of it late.
function disconnectAfter(leaves, old) {
  const open = new Set(leaves.map((leave) => leave.ref));
  if (open.size === 0 || !old.isConnected()) return old.disconnect();
  old.onMessage(({ ref }) => { if (open.delete(ref) && open.size === 0) old.disconnect(); });
}

// The address says which room is on screen, so links, bookmarks and the back button all work.
function goTo(slug) {
  if (slugInAddress() === slug) followAddress();
  else location.hash = slug;
}

function followAddress() {
  if (!socket) {
    ui["first-room"].value = slugInAddress();
    return;
  }
  const slug = slugInAddress();
  if (slug && !rooms.has(slug)) rooms.set(slug, new Room(slug));
  current = rooms.get(slug) ?? null;
  for (const room of rooms.values()) room.log.classList.toggle("current", room === current);
  ui.jump.hidden = true;
  if (current?.atEnd) current.scrollToEnd();
  showSidebar(false);
  render();
  focusComposer();
}

function leaveCurrent() {
  current.leave();
  const next = [...rooms.keys()].at(-1);
  // Replaced, not pushed: going back should not walk into the room that was just left.
  history.replaceState(null, "", next ? `#${next}` : location.pathname + location.search);
  followAddress();
  if (!next) ui["other-room"].focus();
}

// ---------------------------------------------------------------------------------------------- events

ui["start-form"].addEventListener("submit", (event) => {
  event.preventDefault();
  const name = ui.name.value.trim();
  const wanted = ui["first-room"].value.trim() || "lobby";
  const slug = slugify(wanted);
  const problem = nameProblem(name);
  ui["name-error"].textContent = problem;
  ui["first-room-error"].textContent = slug ? "" : "Use letters a to z, digits and dashes.";
  ui.name.setAttribute("aria-invalid", problem !== "");
  ui["first-room"].setAttribute("aria-invalid", !slug);
  if (problem) return ui.name.focus();
  if (!slug) return ui["first-room"].focus();
  history.replaceState(null, "", `#${slug}`);
  enter(name);
});

ui["room-form"].addEventListener("submit", (event) => {
  event.preventDefault();
  const slug = slugify(ui["other-room"].value);
  ui["other-room-error"].textContent = slug ? "" : "Use letters a to z, digits and dashes.";
  if (!slug) return;
  ui["other-room"].value = "";
  goTo(slug);
});

ui.composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (ui.send.disabled) return;
  current.send(ui.body.value.trim());
  ui.body.value = "";
  renderComposer();
});

ui.body.addEventListener("input", () => {
  renderComposer();
  if (ui.body.value.trim() !== "") current.type();
});
ui.body.addEventListener("keydown", (event) => {
  // Enter also picks a candidate in an input method; that one is not meant for us.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ui.composer.requestSubmit();
});

ui.leave.addEventListener("click", leaveCurrent);
ui["change-name"].addEventListener("click", quit);
ui["open-sidebar"].addEventListener("click", () => showSidebar(true));
ui["close-sidebar"].addEventListener("click", () => showSidebar(false));
ui.scrim.addEventListener("click", () => showSidebar(false));
ui.rooms.addEventListener("click", (event) => { if (event.target.closest("a")) showSidebar(false); });
ui.jump.addEventListener("click", () => { current.scrollToEnd(); focusComposer(); });
addEventListener("keydown", (event) => { if (event.key === "Escape") showSidebar(false); });
addEventListener("hashchange", followAddress);
document.addEventListener("visibilitychange", () => { if (socket) render(); });

// An on-screen keyboard or a growing composer must not push the newest line out of sight.
new ResizeObserver(() => { if (current?.atEnd) current.scrollToEnd(); }).observe(ui.logs);

// What somebody typed while this script was on its way stays.
const rememberedName = sessionStorage.getItem("chat:name") ?? "";
ui.name.value ||= rememberedName;
ui["first-room"].value ||= slugInAddress();
ui.enter.disabled = false;
if (rememberedName && slugInAddress()) enter(rememberedName); // a reload, or a link to another room in this tab
// The autofocus attribute does nothing on a page that was opened at a #fragment. Whoever types already keeps the focus.
else if (document.activeElement === document.body) ui.name.focus();
