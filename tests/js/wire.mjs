// What lies between a page and its server, of either transport, so that tests can meddle with it.

const asItIs = (frame) => frame;

/**
 * Shows each frame of `page` to `up` and each one of the server to `down`: what they return goes on, and nothing goes on
 * if they return nothing. Resolves with a function that breaks the connection.
 */
export async function wire(page, { up = asItIs, down = asItIs }) {
  let cut;

  await page.routeWebSocket("**/socket/websocket*", (socket) => {
    const upstream = socket.connectToServer();
    const pass = (look, to) => (frame) => {
      const passed = look(frame);
      if (passed) to.send(passed);
    };
    socket.onMessage(pass(up, upstream));
    upstream.onMessage(pass(down, socket));
    cut = () => upstream.close();
  });

  await page.route("**/socket/longpoll*", async (route) => {
    if (route.request().method() === "POST") {
      const frames = route.request().postData().split("\n").map(up).filter(Boolean);
      if (frames.length > 0) await route.continue({ postData: frames.join("\n") });
      else await route.fulfill({ json: { status: 200 } });
      return;
    }
    cut = () => route.abort();
    try {
      const response = await route.fetch();
      const { messages, ...rest } = await response.json();
      await route.fulfill({ response, json: { ...rest, messages: messages.map(down).filter(Boolean) } });
    } catch {
      // Cut, or the page was closed.
    }
  });

  return () => cut();
}
