// Finds and starts a headless Chromium.

import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

const PLACES = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

export async function startBrowser() {
  const executablePath = PLACES.find((path) => path && existsSync(path));
  if (!executablePath) {
    throw new Error("No Chromium found. Install one (apt-get install chromium) or name it in the variable CHROMIUM.");
  }
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", // tests may run as root, whom the sandbox refuses
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      // No talk with the outside: there may be no network, and a test needs none.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
