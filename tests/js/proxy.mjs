// What may lie between a client and a server: a proxy of the kind that lets no WebSocket through, and a cable that can be
// unplugged.

import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";

/** What it does with the connection of a client that asks for a WebSocket. */
export const refuses = (connection) => connection.destroy();
export const staysSilent = () => {};

/** Passes every other request on to `server`, until the test `t` ends. It has the `port` and `url` of a server. */
export async function startProxy(t, server, toWebSocket = refuses) {
  const proxy = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ port: server.port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  proxy.on("upgrade", (_, connection) => toWebSocket(connection));
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  const { port } = proxy.address();
  return { port, url: `http://127.0.0.1:${port}` };
}

/**
 * Passes bytes on to `server`, until the test `t` ends. It has the `port` of a server; `unplug()` breaks every connection
 * and refuses new ones until `plug()`.
 */
export async function startCable(t, server) {
  let plugged = true;
  const ends = new Set();
  const cable = createTcpServer((near) => {
    if (!plugged) return near.destroy();
    const far = connect(server.port, "127.0.0.1");
    for (const [end, other] of [[near, far], [far, near]]) {
      ends.add(end);
      end.on("error", () => {}); // a close follows
      end.on("close", () => {
        ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  const unplug = () => {
    plugged = false;
    for (const end of ends) end.destroy();
  };
  await once(cable.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    cable.close();
    unplug();
  });
  return { port: cable.address().port, unplug, plug: () => { plugged = true; } };
}
