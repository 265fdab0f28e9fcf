// The row of figures.

import { byId, setText, setTone } from "./elements.js";
import { fixed, percent, signed, signOf } from "./format.js";

function showChange(name, amount, base) {
  const node = byId(name);
  setText(node, signed(amount, 2));
  setTone(node, signOf(amount));
  const note = byId(`${name}-note`);
  if (note !== null) {
    setText(note, percent(amount, base));
    setTone(note, signOf(amount));
  }
}

export function startFigures(model) {
  model.on("portfolio", () => {
    const portfolio = model.portfolio;
    if (!portfolio.known) {
      for (const name of ["equity", "pnl-today", "pnl-total", "unrealised", "realised", "fees", "open-count"]) {
        setText(byId(name), "–");
      }
      return;
    }
    setText(byId("equity"), fixed(portfolio.equity, 2));
    setText(byId("equity-asset"), portfolio.quote_asset);
    setText(byId("equity-note"), `cash ${fixed(portfolio.cash, 2)}`);
    showChange("pnl-today", portfolio.pnl_today, Number(portfolio.equity) - Number(portfolio.pnl_today));
    showChange("pnl-total", portfolio.pnl_total, portfolio.start);
    showChange("unrealised", portfolio.unrealised);
    showChange("realised", portfolio.realised);
    setText(byId("fees"), fixed(portfolio.fees, 2));
    setText(byId("open-count"), String(portfolio.open_positions));
    setText(byId("open-note"), `cost ${fixed(portfolio.inventory, 2)}`);
  });
}
