// Starts the example servers that these tests talk to, and ends them again.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

import { within } from "./waiting.mjs";

const SERVERS = {
  reference: { variable: "PHX_REFERENCE", ready: /^listening on 127\.0\.0\.1:(\d+)$/ },
  js_app: { variable: "PHX_JS_APP", ready: /^listening on 127\.0\.0\.1:(\d+)$/ },
  auth: { variable: "PHX_AUTH", ready: /^listening on http:\/\/127\.0\.0\.1:(\d+)$/ },
  sse: { variable: "PHX_SSE", ready: /^listening on http:\/\/127\.0\.0\.1:(\d+)$/ },
  chat: { variable: "PHX_CHAT", ready: /http:\/\/127\.0\.0\.1:(\d+)/ },
  presence: { variable: "PHX_PRESENCE", ready: /http:\/\/127\.0\.0\.1:(\d+)/ },
};

/**
 * Starts the example `kind` and resolves once it listens. Port 0 takes a free one. What comes back has its `pid`, `port`
 * and `url`, the `lines` of its output, `stop()`, and `get(path)` and `post(path)` for its plain HTTP routes.
 */
export async function startServer(kind, port = 0, { args = ["--port", String(port)], env = {} } = {}) {
  const { variable, ready } = SERVERS[kind];
  const binary = process.env[variable];
  if (!binary || !existsSync(binary)) {
    const problem = binary ? `${variable} names no file: ${binary}` : `${variable} is not set`;
    throw new Error(`${problem}. Run "cargo xtask test": it builds the ${kind} example and says where it is.`);
  }

  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  const exited = new Promise((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => resolve({ code: null, signal: null, error }));
  });
  // A test file that ends early must leave no server behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  exited.then(() => process.off("exit", kill));

  let output = ""; // for the message, should the server not start
  const lines = [];
  child.stderr.on("data", (data) => { output = (output + data).slice(-4000); });

  const listening = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      output = `${output}${line}\n`.slice(-4000);
      const match = ready.exec(line);
      if (match) resolve(Number(match[1]));
    });
    exited.then(({ code, signal, error }) => {
      reject(new Error(`${binary} ended (${error ?? signal ?? `code ${code}`}) before it was ready:\n${output}`));
    });
  });
  listening.catch(() => {}); // an exit after the server was ready is no failure to start

  try {
    const actual = await within(listening, `${kind} to listen`);
    const url = `http://127.0.0.1:${actual}`;
    return {
      pid: child.pid,
      port: actual,
      url,
      lines,
      stop: () => stop(child, exited),
      get: async (path) => (await request("GET", url + path)).json(),
      post: (path, options) => request("POST", url + path, options),
    };
  } catch (error) {
    kill();
    throw error;
  }
}

/** A request that must succeed. */
async function request(method, url, { headers, ...options } = {}) {
  const response = await fetch(url, { method, headers: { connection: "close", ...headers }, ...options });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
  return response;
}

/** Asks the server to drain and end, and resolves with how it ended. One that does not is killed. */
async function stop(child, exited) {
  child.kill("SIGTERM");
  try {
    return await within(exited, "the server to end after SIGTERM");
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    throw error;
  }
}
