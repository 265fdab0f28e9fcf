// Dark or light: as the system says, until the person says otherwise. Kept in this browser only.

const key = "wick-theme";
const system = matchMedia("(prefers-color-scheme: light)");
const listeners = new Set();

function chosen() {
  const value = localStorage.getItem(key);
  return value === "dark" || value === "light" ? value : null;
}

export function currentTheme() {
  return chosen() ?? (system.matches ? "light" : "dark");
}

function apply() {
  document.documentElement.dataset.theme = currentTheme();
  for (const listener of listeners) {
    listener();
  }
}

export function toggleTheme() {
  localStorage.setItem(key, currentTheme() === "dark" ? "light" : "dark");
  apply();
}

// Calls back whenever the colours have changed.
export function onThemeChange(listener) {
  listeners.add(listener);
}

system.addEventListener("change", apply);
apply();
