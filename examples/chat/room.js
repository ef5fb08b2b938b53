// One room: its channel, who is in it, and its log. What was on its way when the connection broke is its affair too.

import { clone, isolated, Presence, ui } from "/page.js";
import { bold, button, group, mark, messageLine, showTime } from "/lines.js";
import { render, renderRooms, renderTyping } from "/view.js";
import { MAX_BODY, visit } from "/visit.js";

const MAX_LINES = 500; // a tab left open for a week should not grow for a week
const TYPING_EVERY_MS = 2000; // how often the others are told that somebody is still typing
const TYPING_LASTS_MS = 5000; // and how long they believe it

const REFUSED = {
  empty: "there is nothing in it",
  too_long: `it has more than ${MAX_BODY} characters`,
  timeout: "the server did not answer",
  lost: "the connection broke before the server confirmed it",
};

export class Room {
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
    const channel = visit.socket.channel(`room:${this.slug}`);
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
    visit.rooms.delete(this.slug);
    return this.channel.leave();
  }

  // ---- messages

  send(body) {
    const draft = { body, line: messageLine({ from: visit.me, body, at: Date.now() }, true) };
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
    showTime(draft.line, at);
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
    if (own || (this === visit.current && !document.hidden)) return;
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
    else if (this === visit.current && line.classList.contains("message")) ui.jump.hidden = false;
  }

  scrollToEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    if (scrollHeight - scrollTop - clientHeight < 40) this.atEnd = true;
    else if (scrollTop < this.top) this.atEnd = false; // only upwards: a resize moves things too, and means nothing
    this.top = scrollTop;
    if (this.atEnd && this === visit.current) ui.jump.hidden = true;
  }
}
