// The header: whether the market is simulated, what kind of money, the mode, the exchange and its clock, the connection,
// theme and log-out.

import { post } from "./api.js";
import { byId, setText } from "./elements.js";
import { dateTime, words } from "./format.js";
import { toggleTheme } from "@LOGIN@/theme.js";

const connectionTexts = { connecting: "Connecting", live: "Live", lost: "No connection" };
const modeTones = { active: "good", reduce_only: "warn", paused: "warn", halted: "bad" };

function showBadge(node, text, tone) {
  node.hidden = false;
  node.dataset.tone = tone;
  setText(node, text);
}

function showPortfolio(model) {
  const portfolio = model.portfolio;
  setText(byId("exchange"), model.exchange);
  if (model.exchange === "simulated") {
    showBadge(byId("simulated-badge"), `SIMULATED ×${model.speed}`, "warn");
  }
  if (!portfolio.known) {
    return;
  }
  showBadge(byId("money-badge"), portfolio.live ? "LIVE" : "Paper", portfolio.live ? "bad" : "info");
  showBadge(byId("mode-badge"), words(portfolio.mode), modeTones[portfolio.mode] ?? "warn");
  document.title = `${portfolio.live ? "LIVE " : ""}Wick`;
}

// What a person has to know before looking at any number.
function bannerText(model, connection) {
  if (connection === "lost") {
    return "No connection to the server. What is shown is not up to date; trying again.";
  }
  if (model.portfolio?.trader_silent) {
    return "The trader is silent. Positions and PnL are as it last reported them.";
  }
  if (model.loaded && !model.portfolio.known) {
    return "Waiting for the trader's first report.";
  }
  return "";
}

function startClock(model) {
  const node = byId("clock");
  setInterval(() => {
    const time = model.exchangeTime();
    const speed = model.speed > 1 ? ` ×${model.speed}` : "";
    setText(node, time === 0 ? "" : `${dateTime(time)} UTC${speed}`);
  }, 250);
}

// Returns the function that is told how the connection is.
export function startHeader(model) {
  let connection = "connecting";
  const showBanner = () => {
    const text = bannerText(model, connection);
    byId("banner").hidden = text === "";
    setText(byId("banner"), text);
  };
  model.on("portfolio", () => {
    showPortfolio(model);
    showBanner();
  });
  byId("logout").addEventListener("click", async () => {
    await post("/logout");
    location.reload();
  });
  byId("theme").addEventListener("click", toggleTheme);
  startClock(model);
  return (state) => {
    connection = state;
    byId("connection").dataset.state = state;
    setText(byId("connection"), connectionTexts[state]);
    showBanner();
  };
}
