// Numbers and times as people read them. Amounts come as decimal strings and stay exact: they are rounded by integer
// arithmetic. Times are shown in UTC, like the exchange's.

const minus = "\u2212";
const groups = new Intl.NumberFormat("en-US");

// { negative, digits (BigInt), scale } of "-12.34".
function parse(text) {
  const negative = text.startsWith("-");
  const [whole, fraction = ""] = (negative ? text.slice(1) : text).split(".");
  return { negative, digits: BigInt(whole + fraction), scale: fraction.length };
}

// The digits at another scale, halves rounded away from zero.
function rescale({ digits, scale }, places) {
  if (places >= scale) {
    return digits * 10n ** BigInt(places - scale);
  }
  const divisor = 10n ** BigInt(scale - places);
  return (digits + divisor / 2n) / divisor;
}

function print(digits, places) {
  const text = digits.toString().padStart(places + 1, "0");
  const whole = groups.format(BigInt(text.slice(0, text.length - places)));
  return places === 0 ? whole : `${whole}.${text.slice(text.length - places)}`;
}

// "1234.5" with two places: "1,234.50".
export function fixed(text, places) {
  const number = parse(text);
  const digits = rescale(number, places);
  return (number.negative && digits !== 0n ? minus : "") + print(digits, places);
}

// The same with a sign: "+1.20", "−0.35", "0.00".
export function signed(text, places) {
  const number = parse(text);
  const digits = rescale(number, places);
  const sign = digits === 0n ? "" : number.negative ? minus : "+";
  return sign + print(digits, places);
}

// All its digits, grouped.
export function exact(text) {
  return fixed(text, places(text));
}

// How many digits stand behind the point.
export function places(text) {
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

// -1, 0 or 1: the sign of what is shown with so many places.
export function signOf(text, shown = 2) {
  const number = parse(text);
  return rescale(number, shown) === 0n ? 0 : number.negative ? -1 : 1;
}

// part / whole as "+1.23 %"; "" when there is no whole.
export function percent(part, whole) {
  const value = (100 * Number(part)) / Number(whole);
  if (!Number.isFinite(value)) {
    return "";
  }
  const text = Math.abs(value).toFixed(2);
  const sign = Number(text) === 0 ? "" : value < 0 ? minus : "+";
  return `${sign}${text}\u202f%`;
}

// A length of time: "3 d 4 h", "2 h 5 min", "12 min", "8 s".
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) {
    return "0 s";
  }
  return parts
    .slice(first, first < 2 ? first + 2 : first + 1)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

// "2024-12-01 00:05:00"
export function dateTime(ms) {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

// "12-01 00:05"
export function shortTime(ms) {
  return new Date(ms).toISOString().slice(5, 16).replace("T", " ");
}

export function bytes(count) {
  return `${(count / 1048576).toFixed(1)} MB`;
}

export function count(number) {
  return groups.format(number);
}

// A name of the system as words: "rsi_reversion" becomes "rsi reversion".
export function words(name) {
  return name.replaceAll("_", " ");
}

const intervalUnits = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

// The seconds of "5m".
export function intervalSeconds(name) {
  return Number(name.slice(0, -1)) * (intervalUnits[name.at(-1)] ?? 60);
}
