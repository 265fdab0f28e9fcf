// The dashboard in Chromium: nothing is shown without a login, and what is shown changes by itself.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { startSystem } from "./system.mjs";

const deadlineMs = 60000;
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function skip(why) {
  console.log(`SKIPPED: ${why}`);
  process.exit(77);
}

function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

const { chromium } = await import("playwright-core").catch(() =>
  skip("playwright-core is not installed: npm ci --prefix tests"),
);
const executablePath = findChromium() ?? skip("there is no chromium in the path");
const directory = mkdtempSync(join(tmpdir(), "wick-browser-"));
const screenshots = process.env.WICK_SCREENSHOTS ?? directory; // to look at; they go with the directory

let system;
let browser;

before(async () => {
  system = await startSystem(directory);
  browser = await chromium.launch({ executablePath, args: flags });
});

after(async () => {
  await browser?.close();
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

// A page with an empty cookie jar, and everything that it complains of.
async function openPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.setDefaultTimeout(deadlineMs);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { context, page, complaints };
}

// Logs in, as often as the throttle wants it: each test comes with an empty cookie jar.
async function logIn(page) {
  await page.goto(`${system.url}/login`);
  await page.fill("#password", system.password);
  do {
    await page.click("#submit"); // waits until it is enabled
    await page.waitForSelector("#connection[data-state=live], #login-message:not(:empty)");
  } while (await page.isVisible("#login-form"));
}

// Waits until the text of an element is another one than `text`.
async function waitForChange(page, selector, text) {
  await page.waitForFunction(([where, old]) => document.querySelector(where)?.textContent !== old, [selector, text]);
}

// The routes of the table that need a session.
function guardedRoutes() {
  const table = readFileSync(new URL("../../dashboard/routes.def", import.meta.url), "utf8");
  return [...table.matchAll(/^ROUTE\((\w+), "([^"]+)", ([^,]+)/gm)]
    .filter(([, , , needs]) => needs.includes("NEED_SESSION"))
    .map(([, method, path]) => ({ method, path: path.replace("*", "-0/app.js") }));
}

test("without a session every data route answers 401", async () => {
  const routes = guardedRoutes();
  assert.ok(routes.length >= 10);
  for (const { method, path } of routes) {
    const headers = { "Sec-Fetch-Site": "same-origin", "X-Requested-With": "test", "Content-Type": "application/json" };
    const body = method === "POST" ? '{"action":"halt"}' : undefined;
    const response = await fetch(system.url + path, { method, headers, body });
    assert.equal(response.status, 401, `${method} ${path}`);
    assert.doesNotMatch(await response.text(), /equity|positions/);
  }
});

test("a wrong password is refused and says so", async () => {
  const { context, page } = await openPage();
  await page.goto(`${system.url}/`);
  await page.fill("#password", "certainly not the password");
  await page.click("#submit");
  await page.waitForFunction(() => document.getElementById("login-message").textContent.includes("not right"));
  assert.equal((await context.cookies()).length, 0);
  await context.close();
});

test("PnL and signals change without a reload", async () => {
  const { context, page, complaints } = await openPage();
  await logIn(page);
  await page.evaluate(() => {
    window.stillTheSame = true;
  });
  await page.waitForFunction(() => /^[\d,]+\.\d\d$/.test(document.getElementById("equity").textContent));
  for (const id of ["pnl-today", "pnl-total", "unrealised", "realised", "fees", "open-count"]) {
    assert.match(await page.textContent(`#${id}`), /^[+\u2212]?[\d,]+(\.\d\d)?$/, id);
  }
  await page.waitForSelector("#positions tbody tr");
  await page.waitForSelector("#signals .signal");
  await page.waitForSelector("#fills tbody tr");
  await page.waitForSelector("#processes tbody tr .status[data-status=ready]");
  await waitForChange(page, "#equity", await page.textContent("#equity"));
  await waitForChange(page, "#unrealised", await page.textContent("#unrealised"));
  await waitForChange(page, "#clock", await page.textContent("#clock"));
  await waitForChange(page, "#signals .signal", await page.textContent("#signals .signal"));
  assert.match(await page.textContent("#signals .signal .signal-outcome"), /^(filled|expired|refused)$/);
  assert.ok(await page.evaluate(() => window.stillTheSame), "the page was loaded anew");
  await page.screenshot({ path: join(screenshots, "1440x900.png") });
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a click on a symbol shows its candles, and the filters filter", async () => {
  const { context, page, complaints } = await openPage();
  await logIn(page);
  await page.click("#positions .symbol-button");
  await page.waitForSelector("#tab-candles[aria-selected=true]");
  const symbol = await page.textContent("#tab-candles");
  await page.waitForFunction(() => / O [\d.,]+ H /.test(document.getElementById("chart-legend").textContent));
  assert.ok((await page.locator("#candle-chart canvas").count()) > 0);
  await page.fill("#filter-symbol", symbol.toLowerCase());
  const shown = await page.$$eval("#signals .symbol-button", (buttons) => buttons.map((button) => button.textContent));
  assert.ok(shown.every((name) => name.includes(symbol)));
  await page.fill("#filter-symbol", "NO SUCH SYMBOL");
  await page.waitForSelector("#signals-empty:not([hidden])");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("trading is paused and resumed, and halting asks first", async () => {
  const { context, page, complaints } = await openPage();
  await logIn(page);
  await page.click("[data-action=pause]");
  await page.waitForSelector("[data-action=pause][aria-pressed=true]");
  assert.equal(await page.textContent("#mode-badge"), "paused");
  await page.click("[data-action=halt]");
  await page.click("#confirm button[value=no]");
  assert.equal(await page.textContent("#mode-badge"), "paused");
  await page.click("[data-action=resume]");
  await page.waitForSelector("[data-action=resume][aria-pressed=true]");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the page says that the market is simulated, how fast, and that the money is paper", async () => {
  const { context, page, complaints } = await openPage();
  await logIn(page);
  await page.waitForSelector("#simulated-badge:not([hidden])");
  assert.match(await page.textContent("#simulated-badge"), /^SIMULATED ×\d+$/);
  assert.equal(await page.textContent("#exchange"), "simulated");
  assert.equal(await page.textContent("#money-badge"), "Paper");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("nothing overflows on a phone, in either theme", async () => {
  for (const colorScheme of ["dark", "light"]) {
    const { context, page, complaints } = await openPage({ viewport: { width: 390, height: 844 }, colorScheme });
    await logIn(page);
    await page.waitForSelector("#signals .signal");
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 390);
    await page.screenshot({ path: join(screenshots, `390x844-${colorScheme}.png`) });
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test("a log-out ends the session, for every copy of its cookie", async () => {
  const { context, page } = await openPage();
  await logIn(page);
  const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const state = () => fetch(`${system.url}/api/v1/state`, { headers: { Cookie: cookie } });
  assert.equal((await state()).status, 200);
  await page.click("#logout");
  await page.waitForSelector("#login-form");
  assert.equal((await state()).status, 401);
  await context.close();
});
