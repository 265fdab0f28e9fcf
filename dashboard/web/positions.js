// The open positions.

import { byId, element, setText } from "./elements.js";
import { duration, exact, fixed, percent, places, signed, signOf, words } from "./format.js";
import { positionKey } from "./model.js";
import { Table } from "./table.js";

// A button with the symbol, which shows its candles.
export function symbolButton(symbol, onSymbol) {
  const button = element("button", "symbol-button", symbol);
  button.type = "button";
  button.title = `Show the candles of ${symbol}`;
  button.addEventListener("click", () => onSymbol(symbol));
  return button;
}

const hasMark = (row) => row.mark !== "0";

// The price of an entry is an average: as many digits as the mark has, and at least two.
function entryPlaces(row) {
  return Math.max(2, places(row.mark));
}

function columns(model, onSymbol) {
  return [
    { title: "Symbol", value: (row) => row.symbol, cell: (row) => symbolButton(row.symbol, onSymbol) },
    { title: "Strategy", value: (row) => row.strategy, text: (row) => words(row.strategy) },
    { title: "Quantity", right: true, value: (row) => Number(row.quantity), text: (row) => exact(row.quantity) },
    {
      title: "Entry",
      right: true,
      value: (row) => Number(row.entry_price),
      text: (row) => fixed(row.entry_price, entryPlaces(row)),
    },
    {
      title: "Mark",
      right: true,
      value: (row) => Number(row.mark),
      text: (row) => (hasMark(row) ? fixed(row.mark, entryPlaces(row)) : "–"),
    },
    { title: "Value", right: true, value: (row) => Number(row.value), text: (row) => fixed(row.value, 2) },
    {
      title: "PnL",
      right: true,
      value: (row) => Number(row.unrealised),
      text: (row) => signed(row.unrealised, 2),
      tone: (row) => signOf(row.unrealised),
    },
    {
      title: "PnL %",
      right: true,
      value: (row) => Number(row.unrealised) / Number(row.cost),
      text: (row) => percent(row.unrealised, row.cost),
      tone: (row) => signOf(row.unrealised),
    },
    {
      title: "Age",
      right: true,
      value: (row) => -row.opened_ms,
      text: (row) => duration(model.exchangeTime() - row.opened_ms),
    },
  ];
}

export function startPositions(model, onSymbol) {
  const table = new Table(byId("positions"), columns(model, onSymbol), positionKey, {
    column: "Symbol",
    descending: false,
  });
  const empty = byId("positions-empty");
  const show = () => {
    const rows = [...model.positions.values()];
    table.show(rows);
    byId("positions").hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    setText(empty, "Nothing is held. An entry shows here as soon as it is filled.");
    setText(byId("positions-count"), rows.length === 0 ? "" : String(rows.length));
  };
  table.onSort = show;
  model.on("positions", show);
}
