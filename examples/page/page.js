// What the pages of the examples share: phoenix.js and the way to the server, names, and a few pieces of a page.
// Text from other people only ever meets a page through textContent or text nodes.

export const CONNECTION_TEXT = {
  connecting: "Connecting…",
  connected: "Connected",
  disconnected: "Disconnected: reconnecting…",
};

/** The page's elements by their ids. */
export const ui = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

export const { LongPoll, Presence, Socket } = await import("/phoenix.mjs").catch((error) => {
  ui.fatal.textContent = "The Phoenix client is missing. Run “npm ci” in examples/page and load this page again.";
  throw error;
});

// As in a new Phoenix app: a WebSocket, and long polling where none opens within this time.
// `?transport=longpoll` in the address asks for long polling from the start.
export const TRANSPORT = new URLSearchParams(location.search).get("transport") === "longpoll"
  ? { transport: LongPoll }
  : { longPollFallbackMs: 2500 };

// phoenix.js calls a leave answered as soon as it is called. The connection has to be there until it really is, or
// those who stay would hear of it late.
export function disconnectAfter(leaves, socket) {
  const open = new Set(leaves.map((leave) => leave.ref));
  if (open.size === 0 || !socket.isConnected()) return socket.disconnect();
  socket.onMessage(({ ref }) => { if (open.delete(ref) && open.size === 0) socket.disconnect(); });
}

// ---------------------------------------------------------------------------------------------- names

const MAX_NAME = 24; // the servers' limit, checked here first so that nobody has to wait for a refusal

/** What is wrong with a name, or nothing. Characters count as the servers count them, not as UTF-16 units. */
export function nameProblem(name) {
  if (name === "") return "Please enter a name.";
  const length = [...name].length;
  return length > MAX_NAME ? `That name has ${length} characters; ${MAX_NAME} is the most.` : "";
}

export function isolated(name) {
  const bdi = document.createElement("bdi"); // a right-to-left name must not turn the sentence around it
  bdi.textContent = name;
  return bdi;
}

/** The same name has the same colour on every screen. */
export function hueOf(name) {
  let hash = 7;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 9973;
  return (hash * 47) % 360;
}

export function paintAvatar(avatar, name, hue = hueOf(name)) {
  avatar.style.setProperty("--hue", hue);
  avatar.textContent = [...name][0]?.toUpperCase() ?? "";
}

// ---------------------------------------------------------------------------------------------- pieces of a page

export function clone(template) {
  return ui[template].content.firstElementChild.cloneNode(true);
}

/** Shows a time, given in milliseconds since 1970, in the element `time`. */
export function setTime(time, at) {
  const date = new Date(at);
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString([], { timeStyle: "short" });
  time.title = date.toLocaleString();
}
