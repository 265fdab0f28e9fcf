// What the page knows: the state that the server gave, kept up to date by its events. Parts of the page subscribe to a
// topic and are called once a frame at most, however often it changed.

const signalsMax = 300;
const tradesMax = 100;

function newestFirst(list, rows, keyOf, timeOf, max) {
  const known = new Map(list.map((row) => [keyOf(row), row]));
  for (const row of rows) {
    known.set(keyOf(row), row);
  }
  return [...known.values()].sort((left, right) => timeOf(right) - timeOf(left)).slice(0, max);
}

export const signalKey = (row) =>
  `${row.strategy} ${row.exchange} ${row.symbol} ${row.interval} ${row.candle_time_ms}`;
export const positionKey = (row) => `${row.exchange}:${row.symbol}`;
export const orderKey = (row) => row.order_id;
export const fillKey = (row) => `${row.exchange}:${row.symbol}:${row.trade_id}`;
export const processKey = (row) => `${row.role} ${row.instance}`;

function keepOpen(map, row, key, isOpen) {
  if (isOpen) {
    map.set(key, row);
  } else {
    map.delete(key);
  }
}

export class Model {
  loaded = false;
  exchange = "";
  speed = 1;
  intervals = [];
  portfolio = null;
  portfolioAt = 0; // performance.now() when it came
  positions = new Map();
  signals = [];
  orders = [];
  fills = [];
  processes = new Map();

  #listeners = new Map();
  #changed = new Set();
  #frame = 0;

  // Calls `listener` in the next frame after a topic changed: portfolio, positions, signals, trades, processes.
  on(topic, listener) {
    const list = this.#listeners.get(topic) ?? [];
    list.push(listener);
    this.#listeners.set(topic, list);
  }

  touch(topic) {
    this.#changed.add(topic);
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => this.#draw());
    }
  }

  #draw() {
    const topics = [...this.#changed];
    this.#changed.clear();
    this.#frame = 0;
    for (const listener of new Set(topics.flatMap((topic) => this.#listeners.get(topic) ?? []))) {
      listener();
    }
  }

  load(state) {
    this.exchange = state.exchange;
    this.speed = state.speed;
    this.intervals = state.intervals;
    this.positions = new Map();
    this.processes = new Map();
    this.signals = [];
    this.loaded = true;
    this.#takePortfolio(state.portfolio);
    this.#takePositions(state.positions);
    this.#takeSignals(state.signals);
    this.#takeTrades(state);
    this.#takeProcesses(state.processes);
  }

  // One event of the stream.
  apply(name, data) {
    const take = {
      pnl: () => this.#takePortfolio(data),
      position: () => this.#takePositions(data.positions),
      signal: () => this.#takeSignals(data.signals),
      order: () => this.#takeTrades(data),
      process: () => this.#takeProcesses(data.processes),
    };
    take[name]?.();
  }

  // The exchange's clock now, as far as it can be told.
  exchangeTime() {
    if (!this.portfolio?.known) {
      return 0;
    }
    const passed = this.portfolio.trader_silent ? 0 : (performance.now() - this.portfolioAt) * this.speed;
    return this.portfolio.time_ms + Math.min(passed, 5000 * this.speed);
  }

  #takePortfolio(portfolio) {
    this.portfolio = portfolio;
    this.portfolioAt = performance.now();
    this.touch("portfolio");
  }

  #takePositions(rows) {
    for (const row of rows) {
      keepOpen(this.positions, row, positionKey(row), row.quantity !== "0");
    }
    this.touch("positions");
  }

  #takeSignals(rows) {
    this.signals = newestFirst(this.signals, rows, signalKey, (row) => row.decided_ms, signalsMax);
    this.touch("signals");
  }

  #takeTrades({ orders, fills }) {
    this.orders = newestFirst(this.orders, orders, orderKey, (row) => row.updated_ms, tradesMax);
    this.fills = newestFirst(this.fills, fills, fillKey, (row) => row.time_ms, tradesMax);
    this.touch("trades");
  }

  #takeProcesses(rows) {
    for (const row of rows) {
      keepOpen(this.processes, row, processKey(row), !row.gone);
    }
    this.touch("processes");
  }
}
