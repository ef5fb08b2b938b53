// A proxy in front of a server, of the kind that lets no WebSocket through.

import { once } from "node:events";
import { createServer, request } from "node:http";

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
