// The equity curve: the history once, then a point with every portfolio that comes.

import { BaselineSeries } from "./lightweight-charts.mjs";
import { getJson } from "./api.js";
import { chartColours, colour, makeChart, veil } from "./charts.js";
import { byId, setText } from "./elements.js";
import { dateTime, fixed } from "./format.js";

const pointsMax = 4000;
const historyPoints = 1500;

function seriesColours() {
  return {
    topLineColor: colour("gain"),
    topFillColor1: veil("gain", 0.26),
    topFillColor2: veil("gain", 0.02),
    bottomLineColor: colour("loss"),
    bottomFillColor1: veil("loss", 0.02),
    bottomFillColor2: veil("loss", 0.26),
  };
}

export class EquityChart {
  #model;
  #chart = makeChart(byId("equity-chart"));
  #series = this.#chart.addSeries(BaselineSeries, { ...seriesColours(), lineWidth: 2, priceLineVisible: false });
  #points = new Map(); // second -> { time, value, equity as text }
  #last = 0;
  #hovered;

  constructor(model) {
    this.#model = model;
    model.on("portfolio", () => this.#takePortfolio());
    this.#chart.subscribeCrosshairMove((move) => {
      this.#hovered = this.#points.get(move.time);
      this.showLegend();
    });
  }

  recolour() {
    this.#chart.applyOptions(chartColours());
    this.#series.applyOptions(seriesColours());
  }

  hasPoints() {
    return this.#points.size > 0;
  }

  async load() {
    const { equity } = await getJson("/api/v1/equity", { limit: historyPoints });
    const live = [...this.#points.values()];
    this.#points.clear();
    for (const row of equity) {
      this.#keep(row.time_ms, row.equity);
    }
    for (const point of live) {
      this.#keep(point.time * 1000, point.equity);
    }
    this.#redraw();
    this.#chart.timeScale().fitContent();
  }

  #keep(timeMs, equity) {
    const time = Math.floor(timeMs / 1000);
    const point = { time, value: Number(equity), equity };
    this.#points.set(time, point);
    this.#last = Math.max(this.#last, time);
    return point;
  }

  // All points, every second one if there are too many.
  #redraw() {
    let points = [...this.#points.values()].sort((left, right) => left.time - right.time);
    while (points.length > pointsMax) {
      points = points.filter((_, place) => place % 2 === 0 || place === points.length - 1);
    }
    this.#points = new Map(points.map((point) => [point.time, point]));
    this.#series.setData(points.map(({ time, value }) => ({ time, value })));
  }

  #takePortfolio() {
    const portfolio = this.#model.portfolio;
    const time = Math.floor(portfolio.time_ms / 1000);
    if (!portfolio.known || time < this.#last) {
      return;
    }
    const isFirst = this.#points.size === 0;
    const point = this.#keep(portfolio.time_ms, portfolio.equity);
    this.#series.applyOptions({ baseValue: { type: "price", price: Number(portfolio.start) } });
    if (isFirst || this.#points.size > pointsMax) {
      this.#redraw();
    } else {
      this.#series.update({ time: point.time, value: point.value });
    }
    if (!byId("equity-chart").hidden) {
      byId("chart-empty").hidden = true;
      this.showLegend();
    }
  }

  // The point under the pointer, or the newest.
  showLegend() {
    const point = this.#hovered ?? this.#points.get(this.#last);
    const asset = this.#model.portfolio?.quote_asset ?? "";
    const text = point === undefined ? "" : `${dateTime(point.time * 1000)} UTC · ${fixed(point.equity, 2)} ${asset}`;
    setText(byId("chart-legend"), text);
  }
}
