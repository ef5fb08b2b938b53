// Lines of a room's log, and what stands in them.

import { clone, paintAvatar, setTime } from "/page.js";

const GROUP_MS = 5 * 60_000; // lines of one person within this time share one heading

export function bold(text) {
  const strong = document.createElement("strong");
  strong.textContent = text;
  return strong;
}

export function button(text, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", () => { element.remove(); act(); });
  return element;
}

export function messageLine({ from, body, at }, own) {
  const line = clone("message-template");
  line.dataset.from = from;
  line.dataset.own = own;
  paintAvatar(line.querySelector(".avatar"), from);
  line.querySelector(".from").textContent = own ? "You" : from;
  line.querySelector(".body").textContent = body;
  showTime(line, at);
  return line;
}

export function showTime(line, at) {
  const time = line.querySelector("time");
  line.dataset.at = at;
  setTime(time, at);
  line.querySelector(".body").title = time.title; // a grouped line has no heading to show it
}

export function mark(draft, state, reason = "the room is closed") {
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
export function group(line) {
  const before = line.previousElementSibling;
  const follows = line.dataset.from !== undefined && before?.dataset.from === line.dataset.from
    && before.dataset.own === line.dataset.own && line.dataset.at - before.dataset.at < GROUP_MS;
  line.classList.toggle("follows", follows);
}
