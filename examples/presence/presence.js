// The board: one socket, one channel, and what `Presence` of phoenix.js makes of the server's messages.
//
// A person is present once for each tab: `metas` has what each tab says, and beside it stands what the server knows of
// the person. Text from other people only ever meets the page through textContent.

const MAX_NAME = 24; // the server's limit, checked here first so that nobody has to wait for a refusal
const MAX_NEWS = 30;

const STATUS_TEXT = { online: "Online", away: "Away", busy: "Busy" };
const CONNECTION_TEXT = {
  connecting: "Connecting…",
  connected: "Connected",
  disconnected: "Disconnected: reconnecting…",
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

let visit = null; // { user, socket, channel }, while signed in

// ---------------------------------------------------------------------------------------------- presence

function follow(channel) {
  const presence = new Presence(channel);
  let knowsOthers = false; // whoever was here before has not just come

  // Called for every tab that comes, changes or goes: with what was there before it came, or is still there after it.
  presence.onJoin((user, before, { name }) => {
    if (knowsOthers && !before) tell(name ?? user, "came");
  });
  presence.onLeave((user, after, { name }) => {
    if (after.metas.length === 0) tell(name ?? user, "left");
  });
  presence.onSync(() => {
    knowsOthers = true;
    if (visit?.channel === channel) showPeople(presence.list(person));
  });
}

/** What the page shows of one user; `presence.list` calls it for each. */
function person(user, { metas, name = user, team = "Guest", hue = hueOf(user) }) {
  const statuses = metas.map((meta) => meta.status);
  return { user, name, team, hue, statuses, status: overall(statuses), since: Math.min(...metas.map((meta) => meta.since)) };
}

/** Who is busy in one tab is not to be disturbed; who is online in one is not away. */
function overall(statuses) {
  return ["busy", "online", "away"].find((status) => statuses.includes(status));
}

// ---------------------------------------------------------------------------------------------- showing it

function showPeople(people) {
  const byName = (one, other) => one.name.localeCompare(other.name);
  ui.people.replaceChildren(...people.sort(byName).map((person) => personItem(person)));
  ui.count.textContent = people.length;
  document.title = `${people.length} here`;
}

function personItem({ user, name, team, hue, statuses, status, since }) {
  const item = clone("person-template");
  const part = (name) => item.querySelector(`.${name}`);
  item.dataset.user = user;
  part("avatar").style.setProperty("--hue", hue);
  part("avatar").textContent = [...name][0].toUpperCase();
  part("light").dataset.status = status;
  part("name").textContent = name;
  part("you").hidden = user !== visit.user;
  part("team").textContent = team;
  part("status").textContent = STATUS_TEXT[status];
  setTime(part("since").querySelector("time"), since);
  part("tabs").hidden = statuses.length === 1;
  part("tabs").append(...statuses.map(light), `${statuses.length} tabs`);
  return item;
}

function light(status) {
  const light = document.createElement("span");
  light.className = "light";
  light.dataset.status = status;
  light.title = STATUS_TEXT[status];
  light.role = "img"; // read aloud with its title
  return light;
}

function tell(name, what) {
  const item = clone("news-template");
  const bdi = document.createElement("bdi"); // a right-to-left name must not turn the sentence around it
  bdi.textContent = name;
  setTime(item.querySelector("time"), Date.now());
  item.querySelector(".what").append(bdi, ` ${what}`);
  ui.news.prepend(item);
  while (ui.news.childElementCount > MAX_NEWS) ui.news.lastElementChild.remove();
}

function setTime(time, at) {
  const date = new Date(at);
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString([], { timeStyle: "short" });
  time.title = date.toLocaleString();
}

function clone(template) {
  return ui[template].content.firstElementChild.cloneNode(true);
}

// A guest has the same colour on every screen.
function hueOf(user) {
  let hash = 7;
  for (const char of user) hash = (hash * 31 + char.codePointAt(0)) % 9973;
  return (hash * 47) % 360;
}

// Nobody knows who is still there while the server cannot be reached.
function setConnection(state) {
  ui.connection.dataset.state = state;
  ui["connection-text"].textContent = CONNECTION_TEXT[state];
  ui.board.dataset.connection = state;
}

// ---------------------------------------------------------------------------------------------- coming and going

function status() {
  return new FormData(ui.statuses).get("status");
}

function signIn(user) {
  sessionStorage.setItem("presence:user", user); // per tab: two tabs may be two people
  ui.start.hidden = true;
  ui.board.hidden = false;
  setConnection("connecting");

  const socket = new Socket("/socket", { params: { user }, ...TRANSPORT });
  // A function is asked at each join: after an interruption the server hears what the status is by then.
  const channel = socket.channel("board", () => ({ status: status() }));
  visit = { user: user.toLowerCase(), socket, channel };
  follow(channel);
  const show = (state) => { if (visit?.socket === socket) setConnection(state); };
  socket.onOpen(() => show("connected"));
  socket.onClose(() => show("disconnected"));
  socket.connect();
  channel.join();
}

function signOut() {
  sessionStorage.removeItem("presence:user");
  const { socket, channel } = visit;
  visit = null;
  const leave = channel.leave();
  // phoenix.js calls that answered at once; the connection has to be there until it really is.
  if (socket.isConnected()) socket.onMessage(({ ref }) => { if (ref === leave.ref) socket.disconnect(); });
  else socket.disconnect();
  ui.people.replaceChildren();
  ui.news.replaceChildren();
  ui.board.hidden = true;
  ui.start.hidden = false;
  document.title = "Who is here";
  ui.user.select();
}

// ---------------------------------------------------------------------------------------------- events

ui["start-form"].addEventListener("submit", (event) => {
  event.preventDefault();
  const user = ui.user.value.trim();
  const length = [...user].length;
  const problem = length === 0 ? "Please enter a name."
    : length > MAX_NAME ? `That name has ${length} characters; ${MAX_NAME} is the most.` : "";
  ui["user-error"].textContent = problem;
  ui.user.setAttribute("aria-invalid", problem !== "");
  if (problem) ui.user.focus();
  else signIn(user);
});

ui.statuses.addEventListener("change", () => {
  sessionStorage.setItem("presence:status", status());
  // If it is not joined, the join will say it.
  if (visit.channel.state === "joined") visit.channel.push("status", { status: status() });
});
ui.statuses.addEventListener("submit", (event) => event.preventDefault());
ui.leave.addEventListener("click", signOut);

const remembered = sessionStorage.getItem("presence:user") ?? "";
ui.statuses.elements.status.value = sessionStorage.getItem("presence:status") ?? "online";
ui.user.value ||= remembered; // what somebody typed while this script was on its way stays
ui.enter.disabled = false;
if (remembered) signIn(remembered); // a reload
else if (document.activeElement === document.body) ui.user.focus();
