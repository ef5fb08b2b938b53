// phoenix.js takes any class that looks like a WebSocket: `new Socket("http://…/socket", { transport: ServerSentEvents })`.

export class ServerSentEvents {
  readyState = 0; // connecting

  constructor(url) {
    // phoenix.js appends the path of WebSockets.
    this.url = new URL(url.replace(/^ws/, "http"));
    this.url.pathname = this.url.pathname.replace(/\/websocket$/, "/sse");
    this.posted = Promise.resolve(); // one after the other, so that messages keep their order
    this.controller = new AbortController();
    this.#read().catch(() => {}).finally(() => this.#closed(1006));
  }

  async #read() {
    const response = await fetch(this.url, { signal: this.controller.signal });
    if (!response.ok) throw new Error(`refused with ${response.status}`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (text + part.value).split("\n\n");
      text = events.pop();
      for (const event of events) this.#receive(event);
    }
  }

  #receive(event) {
    const lines = event.split("\n");
    const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
    if (lines.includes("event:session")) {
      this.session = data;
      this.readyState = 1; // open
      this.onopen?.({});
    } else if (data) {
      this.onmessage?.({ data });
    }
  }

  send(body) {
    const url = new URL(`${this.url.pathname}/${this.session}`, this.url);
    const headers = { "content-type": typeof body === "string" ? "application/json" : "application/octet-stream" };
    this.posted = this.posted.then(async () => {
      const { ok } = await fetch(url, { method: "POST", headers, body });
      if (!ok) this.controller.abort();
    }).catch(() => this.controller.abort());
  }

  close(code = 1000) {
    this.controller.abort();
    this.#closed(code);
  }

  #closed(code) {
    if (this.readyState === 3) return;
    if (this.readyState === 0) this.onerror?.({});
    this.readyState = 3; // closed
    this.onclose?.({ code, wasClean: code === 1000 });
  }
}
