// The signals as they come: what was decided, what became of it, and why.

import { byId, element, setText } from "./elements.js";
import { exact, shortTime, words } from "./format.js";
import { signalKey } from "./model.js";
import { symbolButton } from "./positions.js";

const shownMax = 120;
const freshMax = 4; // as many new ones at once light up; more would be a flicker
const outcomeTones = { filled: "good", expired: "warn", refused: "" };

function makeSignal(row, onSymbol) {
  const item = element("li", "signal");
  const what = element("div", "signal-what");
  what.append(
    element("span", `signal-side side-${row.side}`, row.side),
    symbolButton(row.symbol, onSymbol),
    element("span", "muted", exact(row.price)),
  );
  const outcome = element("span", "badge signal-outcome", row.outcome);
  outcome.dataset.tone = outcomeTones[row.outcome] ?? "";
  const how = element("span", "signal-how", `${words(row.strategy)} · ${row.interval}`);
  if (row.reason !== row.outcome) {
    how.textContent += ` · ${words(row.reason)}`;
  }
  how.title = how.textContent;
  const when = element("span", "signal-when", shortTime(row.decided_ms));
  when.title = `Candle of ${shortTime(row.candle_time_ms)} UTC`;
  item.append(what, outcome, how, when);
  return item;
}

class SignalList {
  #nodes = new Map(); // key -> element
  #list = byId("signals");

  // Adds what is new, drops what is not wanted any more, and leaves the rest alone.
  show(rows, onSymbol) {
    const kept = new Map();
    const fresh = [];
    let next = this.#list.firstChild;
    for (const row of rows) {
      const key = signalKey(row);
      let node = this.#nodes.get(key);
      if (node === undefined) {
        node = makeSignal(row, onSymbol);
        fresh.push(node);
      }
      kept.set(key, node);
      if (node === next) {
        next = next.nextSibling;
      } else {
        this.#list.insertBefore(node, next);
      }
    }
    for (const [key, node] of this.#nodes) {
      if (!kept.has(key)) {
        node.remove();
      }
    }
    for (const node of fresh) {
      node.classList.toggle("fresh", this.#nodes.size > 0 && fresh.length <= freshMax);
    }
    this.#nodes = kept;
  }
}

function addStrategies(select, signals) {
  const known = new Set([...select.options].map((option) => option.value));
  for (const { strategy } of signals) {
    if (!known.has(strategy)) {
      known.add(strategy);
      select.add(new Option(words(strategy), strategy));
    }
  }
}

export function startSignals(model, onSymbol) {
  const list = new SignalList();
  const outcome = byId("filter-outcome");
  const strategy = byId("filter-strategy");
  const symbol = byId("filter-symbol");
  const wanted = (row) =>
    (outcome.value === "" || row.outcome === outcome.value) &&
    (strategy.value === "" || row.strategy === strategy.value) &&
    row.symbol.includes(symbol.value.trim().toUpperCase());
  const show = () => {
    const rows = model.signals.filter(wanted);
    addStrategies(strategy, model.signals);
    list.show(rows.slice(0, shownMax), onSymbol);
    byId("signals-empty").hidden = rows.length > 0;
    setText(
      byId("signals-empty"),
      model.signals.length > 0 ? "No signal fits this filter." : "No signal yet. They come when candles close.",
    );
    setText(byId("signals-count"), rows.length === model.signals.length ? "" : `${rows.length} fit`);
  };
  for (const control of [outcome, strategy, symbol]) {
    control.addEventListener("input", show);
  }
  model.on("signals", show);
}
