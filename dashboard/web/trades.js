// Recent fills and orders.

import { byId, makeTabs, setText } from "./elements.js";
import { exact, fixed, shortTime, signed, signOf, words } from "./format.js";
import { fillKey, orderKey } from "./model.js";
import { symbolButton } from "./positions.js";
import { Table } from "./table.js";

const sideTone = (row) => (row.side === "buy" ? 1 : -1);

function commonColumns(timeOf, onSymbol) {
  return [
    { title: "Time", value: timeOf, text: (row) => shortTime(timeOf(row)) },
    { title: "Symbol", value: (row) => row.symbol, cell: (row) => symbolButton(row.symbol, onSymbol) },
    { title: "Side", value: (row) => row.side, text: (row) => row.side, tone: sideTone },
  ];
}

function fillColumns(onSymbol) {
  return [
    ...commonColumns((row) => row.time_ms, onSymbol),
    { title: "Price", right: true, text: (row) => exact(row.price) },
    { title: "Quantity", right: true, text: (row) => exact(row.quantity) },
    { title: "Value", right: true, value: (row) => Number(row.notional), text: (row) => fixed(row.notional, 2) },
    { title: "Fee", right: true, value: (row) => Number(row.fee), text: (row) => fixed(row.fee, 4) },
    {
      title: "Realised",
      right: true,
      value: (row) => Number(row.realised),
      text: (row) => (row.side === "buy" ? "" : signed(row.realised, 2)),
      tone: (row) => (row.side === "buy" ? 0 : signOf(row.realised)),
    },
    { title: "Strategy", value: (row) => row.strategy, text: (row) => words(row.strategy) },
  ];
}

function orderColumns(onSymbol) {
  return [
    ...commonColumns((row) => row.updated_ms, onSymbol),
    { title: "State", value: (row) => row.state, text: (row) => row.state },
    { title: "Quantity", right: true, text: (row) => exact(row.quantity) },
    { title: "Filled", right: true, text: (row) => exact(row.filled) },
    { title: "Strategy", value: (row) => row.strategy, text: (row) => words(row.strategy) },
    { title: "Order id", className: "wide-cell muted", text: (row) => row.order_id, hover: (row) => row.order_id },
  ];
}

function showRows(table, name, rows, emptyText) {
  table.show(rows);
  byId(name).hidden = rows.length === 0;
  byId(`${name}-empty`).hidden = rows.length > 0;
  setText(byId(`${name}-empty`), emptyText);
}

export function startTrades(model, onSymbol) {
  const newest = { column: "Time", descending: true };
  const fills = new Table(byId("fills"), fillColumns(onSymbol), fillKey, { ...newest });
  const orders = new Table(byId("orders"), orderColumns(onSymbol), orderKey, { ...newest });
  const show = () => {
    showRows(fills, "fills", model.fills, "No fill yet.");
    showRows(orders, "orders", model.orders, "No order yet.");
  };
  fills.onSort = show;
  orders.onSort = show;
  makeTabs([byId("tab-fills"), byId("tab-orders")]);
  model.on("trades", show);
}
