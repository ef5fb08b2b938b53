// The chat page: one socket for the visit, one channel for each open room.
//
// phoenix.js does the hard part: it reconnects the socket and rejoins every channel by itself. The page shows
// what happens (view.js), and decides what becomes of messages that were on their way when the connection broke (room.js).

import { disconnectAfter, nameProblem, paintAvatar, Socket, TRANSPORT, ui } from "/page.js";
import { Room } from "/room.js";
import { focusComposer, render, renderComposer, setConnection, showSidebar } from "/view.js";
import { visit } from "/visit.js";

const MAX_SLUG = 32; // the server's limit

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

function enter(name) {
  visit.me = name;
  sessionStorage.setItem("chat:name", name); // per tab: two tabs may be two people
  ui["my-name"].textContent = name;
  paintAvatar(ui["my-avatar"], name);
  ui.start.hidden = true;
  ui.app.hidden = false;

  const mine = new Socket("/socket", { params: { name }, ...TRANSPORT });
  visit.socket = mine;
  setConnection("connecting");
  const show = (state) => { if (visit.socket === mine) setConnection(state); };
  mine.onOpen(() => show("connected"));
  mine.onClose(() => show("disconnected"));
  mine.connect();
  followAddress();
}

function quit() {
  sessionStorage.removeItem("chat:name");
  disconnectAfter([...visit.rooms.values()].map((room) => room.leave()), visit.socket);
  visit.socket = null;
  visit.current = null;
  ui.app.hidden = true;
  ui.start.hidden = false;
  document.title = "Chat";
  ui["first-room"].value = slugInAddress();
  ui.name.select();
}

// The address says which room is on screen, so links, bookmarks and the back button all work.
function goTo(slug) {
  if (slugInAddress() === slug) followAddress();
  else location.hash = slug;
}

function followAddress() {
  if (!visit.socket) {
    ui["first-room"].value = slugInAddress();
    return;
  }
  const slug = slugInAddress();
  if (slug && !visit.rooms.has(slug)) visit.rooms.set(slug, new Room(slug));
  visit.current = visit.rooms.get(slug) ?? null;
  for (const room of visit.rooms.values()) room.log.classList.toggle("current", room === visit.current);
  ui.jump.hidden = true;
  if (visit.current?.atEnd) visit.current.scrollToEnd();
  showSidebar(false);
  render();
  focusComposer();
}

function leaveCurrent() {
  visit.current.leave();
  const next = [...visit.rooms.keys()].at(-1);
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
  visit.current.send(ui.body.value.trim());
  ui.body.value = "";
  renderComposer();
});

ui.body.addEventListener("input", () => {
  renderComposer();
  if (ui.body.value.trim() !== "") visit.current.type();
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
ui.jump.addEventListener("click", () => { visit.current.scrollToEnd(); focusComposer(); });
addEventListener("keydown", (event) => { if (event.key === "Escape") showSidebar(false); });
addEventListener("hashchange", followAddress);
document.addEventListener("visibilitychange", () => { if (visit.socket) render(); });

// An on-screen keyboard or a growing composer must not push the newest line out of sight.
new ResizeObserver(() => { if (visit.current?.atEnd) visit.current.scrollToEnd(); }).observe(ui.logs);

// What somebody typed while this script was on its way stays.
const rememberedName = sessionStorage.getItem("chat:name") ?? "";
ui.name.value ||= rememberedName;
ui["first-room"].value ||= slugInAddress();
ui.enter.disabled = false;
if (rememberedName && slugInAddress()) enter(rememberedName); // a reload, or a link to another room in this tab
// The autofocus attribute does nothing on a page that was opened at a #fragment. Whoever types already keeps the focus.
else if (document.activeElement === document.body) ui.name.focus();
