// The board: one socket, one channel, and what `Presence` of phoenix.js makes of the server's messages.
//
// A person is present once for each tab: `metas` has what each tab says, and beside it stands what the server knows of
// the person.

import {
  clone, CONNECTION_TEXT, disconnectAfter, hueOf, isolated, nameProblem, paintAvatar, Presence, setTime, Socket, TRANSPORT, ui,
} from "/page.js";

const MAX_NEWS = 30;

const STATUS_TEXT = { online: "Online", away: "Away", busy: "Busy" };

let visit = null; // { socket, channel }, while signed in, and the `user` that the server says one is

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
  paintAvatar(part("avatar"), name, hue);
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
  setTime(item.querySelector("time"), Date.now());
  item.querySelector(".what").append(isolated(name), ` ${what}`);
  ui.news.prepend(item);
  while (ui.news.childElementCount > MAX_NEWS) ui.news.lastElementChild.remove();
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

/** What is wrong with the name, or nothing. */
function showProblem(problem) {
  ui["user-error"].textContent = problem;
  ui.user.setAttribute("aria-invalid", problem !== "");
  if (problem) ui.user.focus();
}

function signIn(user) {
  sessionStorage.setItem("presence:user", user); // per tab: two tabs may be two people
  showProblem("");
  ui.start.hidden = true;
  ui.board.hidden = false;
  setConnection("connecting");

  const socket = new Socket("/socket", { params: { user }, ...TRANSPORT });
  // A function is asked at each join: after an interruption the server hears what the status is by then.
  const channel = socket.channel("board", () => ({ status: status() }));
  const mine = { socket, channel };
  visit = mine;
  follow(channel);
  const show = (state) => { if (visit === mine) setConnection(state); };
  socket.onOpen(() => show("connected"));
  socket.onClose(() => show("disconnected"));
  socket.connect();
  channel.join()
    .receive("ok", (welcome) => { mine.user = welcome.user; })
    .receive("error", ({ reason }) => { if (visit === mine) refused(reason); });
}

// Without signing out phoenix.js would go on asking a server that said no.
function refused(reason) {
  signOut();
  showProblem(`The server did not let you in: ${reason ?? "no reason given"}.`);
}

function signOut() {
  sessionStorage.removeItem("presence:user");
  const { socket, channel } = visit;
  visit = null;
  disconnectAfter([channel.leave()], socket);
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
  const problem = nameProblem(user);
  if (problem) showProblem(problem);
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
