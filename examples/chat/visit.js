// What the visit consists of, for all parts of the page.

export const visit = {
  me: "", // the name
  socket: null, // one for all rooms
  current: null, // the room on screen
  rooms: new Map(), // slug -> Room, in the order they were opened
};

export const MAX_BODY = 2000; // the server's limit, checked here first so that nobody has to wait for a refusal
