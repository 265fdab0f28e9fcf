// The candles of one market, with its signals as markers. Asked for again as candles close, while it is shown.

import { CandlestickSeries, createSeriesMarkers } from "./lightweight-charts.mjs";
import { getJson } from "./api.js";
import { chartColours, colour, makeChart } from "./charts.js";
import { byId, setText } from "./elements.js";
import { exact, intervalSeconds, places, shortTime } from "./format.js";

const candlesShown = 400;
const signalsShown = 300;
const refreshMinMs = 2000;

function seriesColours() {
  return {
    upColor: colour("gain"),
    borderUpColor: colour("gain"),
    wickUpColor: colour("gain"),
    downColor: colour("loss"),
    borderDownColor: colour("loss"),
    wickDownColor: colour("loss"),
  };
}

function toCandle(row) {
  return {
    time: row.open_time_ms / 1000,
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
  };
}

// A filled signal has an arrow and a name, any other is a small circle.
function toMarker(signal) {
  const isBuy = signal.side === "buy";
  const isFilled = signal.outcome === "filled";
  return {
    time: signal.candle_time_ms / 1000,
    position: isBuy ? "belowBar" : "aboveBar",
    shape: !isFilled ? "circle" : isBuy ? "arrowUp" : "arrowDown",
    color: !isFilled ? colour("muted") : colour(isBuy ? "gain" : "loss"),
    text: isFilled ? signal.side : "",
    size: isFilled ? 1.2 : 0.5,
  };
}

export class CandleChart {
  #model;
  #chart = makeChart(byId("candle-chart"));
  #series = this.#chart.addSeries(CandlestickSeries, seriesColours());
  #markers = createSeriesMarkers(this.#series, []);
  #symbol = "";
  #interval = "";
  #rows = new Map(); // second -> row of the answer
  #newest;
  #timer = 0;

  constructor(model) {
    this.#model = model;
    this.#chart.subscribeCrosshairMove((move) => this.#showLegend(this.#rows.get(move.time) ?? this.#newest));
  }

  recolour() {
    this.#chart.applyOptions(chartColours());
    this.#series.applyOptions(seriesColours());
  }

  async show(symbol, interval) {
    const isOther = symbol !== this.#symbol || interval !== this.#interval;
    this.#symbol = symbol;
    this.#interval = interval;
    if (isOther) {
      this.#draw([], []);
      this.#say("Loading…");
    }
    await this.#refresh();
    if (isOther) {
      this.#chart.timeScale().scrollToRealTime();
    }
  }

  // Stops asking; the candles stay.
  hide() {
    clearTimeout(this.#timer);
  }

  #say(text) {
    byId("chart-empty").hidden = text === "";
    setText(byId("chart-empty"), text);
  }

  async #refresh() {
    clearTimeout(this.#timer);
    const [symbol, interval] = [this.#symbol, this.#interval];
    try {
      const [{ candles }, { signals }] = await Promise.all([
        getJson("/api/v1/candles", { symbol, interval, limit: candlesShown }),
        getJson("/api/v1/signals", { symbol, limit: signalsShown }),
      ]);
      if (symbol !== this.#symbol || interval !== this.#interval || byId("candle-chart").hidden) {
        return;
      }
      this.#draw(candles, signals.filter((signal) => signal.interval === interval));
      this.#say(candles.length === 0 ? `No candles of ${symbol} are stored yet.` : "");
    } catch (error) {
      this.#say(this.#rows.size === 0 ? `The candles cannot be shown: ${error.message}.` : "");
    }
    const pause = (intervalSeconds(interval) * 1000) / this.#model.speed;
    this.#timer = setTimeout(() => this.#refresh(), Math.max(refreshMinMs, pause));
  }

  #draw(candles, signals) {
    const precision = Math.max(0, ...candles.map((row) => places(row.close)));
    this.#rows = new Map(candles.map((row) => [row.open_time_ms / 1000, row]));
    this.#series.applyOptions({ priceFormat: { type: "price", precision, minMove: 10 ** -precision } });
    this.#series.setData(candles.map(toCandle));
    this.#markers.setMarkers(
      signals
        .filter((signal) => this.#rows.has(signal.candle_time_ms / 1000))
        .sort((left, right) => left.candle_time_ms - right.candle_time_ms)
        .map(toMarker),
    );
    this.#newest = candles.at(-1);
    this.#showLegend(this.#newest);
  }

  #showLegend(row) {
    const text =
      row === undefined
        ? ""
        : `${shortTime(row.open_time_ms)} · O ${exact(row.open)} H ${exact(row.high)} L ${exact(row.low)} ` +
          `C ${exact(row.close)} · V ${exact(row.volume)}`;
    setText(byId("chart-legend"), text);
  }
}
