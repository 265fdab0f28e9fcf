// What the two charts share: colours from the style sheet, and options.

import { createChart } from "./lightweight-charts.mjs";
import { element } from "./elements.js";
import { dateTime } from "./format.js";

// The value that a custom colour has under the present theme.
export function colour(name) {
  const probe = element("span", "visually-hidden");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// The same, partly transparent.
export function veil(name, opacity) {
  const [red, green, blue] = colour(name).match(/[\d.]+/g);
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

export function chartColours() {
  return {
    layout: { background: { color: "transparent" }, textColor: colour("muted"), attributionLogo: false },
    grid: { vertLines: { color: veil("line", 0.6) }, horzLines: { color: veil("line", 0.6) } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line") },
    crosshair: {
      vertLine: { color: colour("line-strong"), labelBackgroundColor: colour("line-strong") },
      horzLine: { color: colour("line-strong"), labelBackgroundColor: colour("line-strong") },
    },
  };
}

export function makeChart(container) {
  const colours = chartColours();
  return createChart(container, {
    ...colours,
    autoSize: true,
    layout: { ...colours.layout, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 },
    localization: { timeFormatter: (time) => `${dateTime(time * 1000)} UTC` },
    timeScale: { ...colours.timeScale, timeVisible: true, secondsVisible: false, rightOffset: 4 },
    handleScale: { axisPressedMouseMove: { price: false } },
  });
}
