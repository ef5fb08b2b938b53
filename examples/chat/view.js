// Shows the state of the visit: rooms, members, who is typing, the composer and the connection.

import { clone, CONNECTION_TEXT, isolated, LongPoll, paintAvatar, ui } from "/page.js";
import { MAX_BODY, visit } from "/visit.js";

export function render() {
  if (visit.current && !document.hidden) visit.current.unread = 0;
  renderRooms();
  renderMembers();
  renderTyping();

  ui["room-title"].textContent = visit.current ? `#${visit.current.slug}` : "No room";
  ui.app.dataset.room = visit.current?.state ?? "";
  ui["no-room"].hidden = Boolean(visit.current);
  ui.leave.hidden = !visit.current;
  ui.composer.hidden = !visit.current;
  ui.body.disabled = visit.current?.state === "closed";
  ui.body.placeholder = ui.body.disabled ? "This room is closed" : `Message #${visit.current?.slug}`;
  renderComposer();
}

// Updates what is there instead of building it anew: a link that has the keyboard's focus keeps it.
export function renderRooms() {
  for (const room of visit.rooms.values()) {
    const link = room.item.querySelector("a");
    link.dataset.state = room.state;
    if (room === visit.current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    const unread = room.item.querySelector(".unread");
    unread.textContent = room.unread > 99 ? "99+" : room.unread || "";
    unread.title = room.unread ? `${room.unread} unread` : "";
  }
  const unread = [...visit.rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${visit.current ? `#${visit.current.slug} · ` : ""}Chat`;
}

function renderMembers() {
  const members = visit.current?.members ?? [];
  ui.members.replaceChildren(...members.map((name) => {
    const item = clone("member-template");
    paintAvatar(item.querySelector(".avatar"), name);
    item.querySelector(".name").textContent = name;
    item.querySelector(".name").title = name;
    item.querySelector(".you").hidden = name !== visit.current.name;
    return item;
  }));
  ui["member-count"].textContent = members.length || "";
  ui["people-here"].textContent = members.length ? `${members.length} here` : "";
}

export function renderTyping() {
  const names = [...visit.current?.typing.keys() ?? []].map(isolated);
  if (names.length === 0) ui.typing.replaceChildren();
  else if (names.length === 1) ui.typing.replaceChildren(names[0], " is typing…");
  else if (names.length === 2) ui.typing.replaceChildren(names[0], " and ", names[1], " are typing…");
  else ui.typing.replaceChildren("Several people are typing…");
}

export function renderComposer() {
  const body = ui.body.value.trim();
  const over = [...body].length - MAX_BODY; // characters as the server counts them, not UTF-16 units
  ui.send.disabled = ui.body.disabled || body === "" || over > 0;
  ui.hint.dataset.tone = over > 0 ? "error" : "";
  if (over > 0) ui.hint.textContent = `${over} ${over === 1 ? "character" : "characters"} too many`;
  else if (over > -200) ui.hint.textContent = `${-over} left`;
  else if (visit.current?.state === "rejoining") ui.hint.textContent = "What you send now waits for the connection.";
  else ui.hint.textContent = "";
  ui.body.style.height = "auto"; // then as high as the text, up to the style's limit
  ui.body.style.height = `${ui.body.scrollHeight + ui.body.offsetHeight - ui.body.clientHeight}px`;
}

export function setConnection(state) {
  const polls = visit.socket.transport === LongPoll; // phoenix.js changes it when it falls back
  ui.connection.dataset.state = state;
  ui.connection.dataset.transport = polls ? "longpoll" : "websocket";
  ui["connection-text"].textContent = CONNECTION_TEXT[state];
  ui.transport.textContent = polls ? "long polling" : "WebSocket";
}

// Only narrow screens have it to open and close.
export function showSidebar(open) {
  const wasOpen = ui.app.classList.contains("sidebar-open");
  ui.app.classList.toggle("sidebar-open", open);
  ui["open-sidebar"].setAttribute("aria-expanded", open);
  if (open) ui["close-sidebar"].focus();
  else if (wasOpen) ui["open-sidebar"].focus();
}

// Not on touch screens, where focus throws the keyboard over half the page.
export function focusComposer() {
  if (matchMedia("(pointer: fine)").matches && !ui.body.disabled) ui.body.focus();
}
