// The page's modules that need no page: numbers as text, and the model that events are applied to.
// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../../dashboard/web/format.js";
import { Model } from "../../dashboard/web/model.js";

const frames = [];
globalThis.requestAnimationFrame = (callback) => frames.push(callback);

function drawFrame() {
  for (const callback of frames.splice(0)) {
    callback();
  }
}

test("amounts are rounded exactly, halves away from zero", () => {
  const cases = [
    ["0", 2, "0.00"],
    ["1234567.895", 2, "1,234,567.90"],
    ["1.005", 2, "1.01"], // 1.00 with binary fractions
    ["-1.005", 2, "\u22121.01"],
    ["-0.004", 2, "0.00"],
    ["9007199254740993.11", 2, "9,007,199,254,740,993.11"], // beyond 2^53
    ["0.00000111", 2, "0.00"],
    ["0.5", 0, "1"],
    ["12", 4, "12.0000"],
  ];
  for (const [text, places, expected] of cases) {
    assert.equal(format.fixed(text, places), expected, text);
  }
  assert.equal(format.exact("97537.7"), "97,537.7");
  assert.equal(format.exact("0.00000111"), "0.00000111");
});

test("changes carry their sign, and what shows as zero has none", () => {
  assert.equal(format.signed("1.2", 2), "+1.20");
  assert.equal(format.signed("-0.349", 2), "\u22120.35");
  assert.equal(format.signed("-0.001", 2), "0.00");
  assert.equal(format.signOf("-0.001"), 0);
  assert.equal(format.signOf("-0.01"), -1);
  assert.equal(format.signOf("0.01"), 1);
  assert.equal(format.percent("5", "200"), "+2.50\u202f%");
  assert.equal(format.percent("-0.0001", "200"), "0.00\u202f%");
  assert.equal(format.percent("1", "0"), "");
});

test("times and lengths are short", () => {
  assert.equal(format.dateTime(1733011200000), "2024-12-01 00:00:00");
  assert.equal(format.shortTime(1733011500000), "12-01 00:05");
  const lengths = [
    [-5, "0 s"],
    [8900, "8 s"],
    [16 * 60000 + 20000, "16 min"],
    [3600000, "1 h"],
    [2 * 3600000 + 5 * 60000 + 59000, "2 h 5 min"],
    [86400000 + 59000, "1 d"],
    [3 * 86400000 + 4 * 3600000, "3 d 4 h"],
  ];
  for (const [ms, expected] of lengths) {
    assert.equal(format.duration(ms), expected);
  }
  assert.equal(format.intervalSeconds("5m"), 300);
  assert.equal(format.intervalSeconds("1h"), 3600);
});

function emptyState() {
  const portfolio = { known: true, trader_silent: false, time_ms: 1000, equity: "1" };
  const lists = { positions: [], signals: [], orders: [], fills: [], processes: [] };
  return { exchange: "x", speed: 10, intervals: ["1m"], portfolio, ...lists };
}

const signal = (symbol, decided) => ({ strategy: "s", exchange: "x", symbol, interval: "1m", candle_time_ms: 0, decided_ms: decided });

test("rows that come twice are one, newest first", () => {
  const model = new Model();
  model.load({ ...emptyState(), signals: [signal("B", 2), signal("A", 1)] });
  model.apply("signal", { signals: [signal("C", 3), signal("B", 2)] });
  assert.deepEqual(model.signals.map((row) => row.symbol), ["C", "B", "A"]);
  model.apply("signal", { signals: Array.from({ length: 500 }, (_, i) => signal(`S${i}`, 10 + i)) });
  assert.equal(model.signals.length, 300);
  assert.equal(model.signals[0].symbol, "S499");
});

test("closed positions and processes that are gone disappear", () => {
  const model = new Model();
  const position = { exchange: "x", symbol: "A", quantity: "1.5" };
  const process = { role: "analyzer", instance: "1", gone: false };
  model.load({ ...emptyState(), positions: [position], processes: [process] });
  model.apply("position", { positions: [{ ...position, symbol: "B" }, { ...position, quantity: "0" }] });
  model.apply("process", { processes: [{ ...process, gone: true }] });
  assert.deepEqual([...model.positions.values()].map((row) => row.symbol), ["B"]);
  assert.equal(model.processes.size, 0);
  model.load(emptyState()); // after a gap, the state is the truth
  assert.equal(model.positions.size, 0);
});

test("listeners are called once a frame, however much has changed", () => {
  const model = new Model();
  let calls = 0;
  frames.length = 0;
  model.on("portfolio", () => calls++);
  model.load(emptyState());
  for (let i = 0; i < 10; i++) {
    model.apply("pnl", { ...emptyState().portfolio, time_ms: i });
  }
  model.apply("unheard of", {});
  assert.equal(calls, 0);
  assert.equal(frames.length, 1);
  drawFrame();
  assert.equal(calls, 1);
  assert.equal(model.portfolio.time_ms, 9);
});

test("the exchange's clock runs at its speed, but not far ahead of what was heard", () => {
  const model = new Model();
  assert.equal(model.exchangeTime(), 0);
  model.load(emptyState());
  assert.ok(model.exchangeTime() >= 1000);
  model.portfolioAt -= 1e9;
  assert.equal(model.exchangeTime(), 1000 + 5000 * 10);
  model.apply("pnl", { ...model.portfolio, trader_silent: true });
  model.portfolioAt -= 1e9;
  assert.equal(model.exchangeTime(), 1000);
});
