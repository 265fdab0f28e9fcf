// The panel that holds the equity curve and the candles of the market that was chosen last.

import { CandleChart } from "./candle_chart.js";
import { byId, makeTabs, setText } from "./elements.js";
import { EquityChart } from "./equity_chart.js";
import { onThemeChange } from "@LOGIN@/theme.js";

export class ChartPanel {
  #model;
  #equity;
  #candles = null; // made when they are first asked for
  #symbol = "";
  #select;

  constructor(model) {
    this.#model = model;
    this.#equity = new EquityChart(model);
    this.#select = makeTabs([byId("tab-equity"), byId("tab-candles")], (id) => this.#onTab(id));
    byId("interval").addEventListener("input", () => this.#showCandles());
    onThemeChange(() => {
      this.#equity.recolour();
      this.#candles?.recolour();
    });
  }

  async start() {
    try {
      await this.#equity.load();
    } finally {
      this.#showEquityNote();
    }
  }

  // Shows the candles of a symbol.
  showSymbol(symbol) {
    this.#symbol = symbol;
    byId("tab-candles").hidden = false;
    setText(byId("tab-candles"), symbol);
    this.#select(byId("tab-candles"));
    byId("chart-title").closest(".panel").scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #showEquityNote() {
    byId("chart-empty").hidden = this.#equity.hasPoints();
    setText(byId("chart-empty"), "The equity curve begins with the trader's first report.");
  }

  #onTab(id) {
    const isCandles = id === "tab-candles";
    byId("interval-label").hidden = !isCandles || this.#model.intervals.length < 2;
    setText(byId("chart-legend"), "");
    if (isCandles) {
      this.#showCandles();
    } else {
      this.#candles?.hide();
      this.#showEquityNote();
      this.#equity.showLegend();
    }
  }

  #showCandles() {
    const select = byId("interval");
    if (select.options.length === 0) {
      select.append(...this.#model.intervals.map((name) => new Option(name, name)));
    }
    this.#candles ??= new CandleChart(this.#model);
    this.#candles.show(this.#symbol, select.value || this.#model.intervals[0]);
  }
}
