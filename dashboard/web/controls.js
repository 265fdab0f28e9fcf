// What a person may ask of the trader. What cannot be undone is asked for twice.

import { post } from "./api.js";
import { byId, setText } from "./elements.js";

const modeTexts = {
  active: "Entries and exits are let through.",
  reduce_only: "Exits are let through, entries are refused.",
  paused: "Every signal is refused. Positions stay.",
  halted: "Every signal is refused until somebody resumes.",
};

// The action that leads to a mode: its button is shown as pressed.
const modeActions = { active: "resume", reduce_only: "reduce_only", paused: "pause", halted: "halt" };

const questions = {
  flatten: {
    title: "Sell every position now?",
    text: "All open positions are sold at the market, then entries are refused until you resume.",
    yes: "Flatten",
  },
  halt: {
    title: "Halt trading?",
    text: "Every signal is refused until you resume. Open positions stay as they are.",
    yes: "Halt",
  },
};

const done = {
  resume: "Trading again.",
  pause: "Paused.",
  reduce_only: "Only exits are let through now.",
  flatten: "Flattening.",
  halt: "Halted.",
};

function confirmed(question) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), question.title);
  setText(byId("confirm-text"), question.text);
  setText(byId("confirm-yes"), question.yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function say(text, tone = "") {
  byId("command-message").dataset.tone = tone;
  setText(byId("command-message"), text);
}

async function command(action, buttons) {
  if (action in questions && !(await confirmed(questions[action]))) {
    return;
  }
  for (const button of buttons) {
    button.disabled = true;
  }
  try {
    await post("/api/v1/command", { action });
    say(done[action]);
  } catch (error) {
    say(`Not done: ${error.message}.`, "bad");
  }
  for (const button of buttons) {
    button.disabled = false;
  }
}

export function startControls(model) {
  const buttons = [...document.querySelectorAll("[data-action]")];
  for (const button of buttons) {
    button.addEventListener("click", () => command(button.dataset.action, buttons));
  }
  model.on("portfolio", () => {
    const mode = model.portfolio.known ? model.portfolio.mode : "";
    setText(byId("mode-text"), modeTexts[mode] ?? "…");
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(modeActions[mode] === button.dataset.action));
    }
  });
}
