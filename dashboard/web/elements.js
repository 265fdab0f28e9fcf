// Small helpers for the document. Text only ever gets in as text.

export const byId = (id) => document.getElementById(id);

export function element(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className !== "") {
    node.className = className;
  }
  if (text !== "") {
    node.textContent = text;
  }
  return node;
}

// Writes text where it differs, so that what stands still is not laid out again.
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// The class for a number's sign, beside the sign that is written.
export function toneClass(sign) {
  return sign > 0 ? "gain" : sign < 0 ? "loss" : "";
}

export function setTone(node, sign) {
  node.classList.toggle("gain", sign > 0);
  node.classList.toggle("loss", sign < 0);
}

// A row of tabs: shows the panel of the one that was chosen. `onSelect` is called with its id.
export function makeTabs(tabs, onSelect = () => {}) {
  const select = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
    onSelect(chosen.id);
  };
  for (const tab of tabs) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const shown = tabs.filter((other) => !other.hidden);
      if (step !== undefined) {
        const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length];
        next.focus();
        select(next);
      }
    });
  }
  return select;
}
