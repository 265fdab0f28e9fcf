"""What must hold after a run, whatever happened to it: the candles, the signals and the ledger."""
# SPDX-License-Identifier: MIT

import base64
import collections
import csv
import functools
import gzip
import hashlib
import itertools
import json
import re
from decimal import Decimal

import wick

INTERVALS_MS = {"1m": 60_000, "5m": 300_000}
START_CASH = Decimal(10_000)  # trader.start_cash

LATER_MS = 600_000  # all that a run has seen has closed by then
GENERATED_MAX = 2000  # candles of a generated series that are known here; market.history and what came in a run

OUTCOMES = {"filled", "expired", "refused"}


# ---- the truth about candles ----

class ReplayedMarket:
    """What the files of a replay directory say."""

    is_whole = True  # its first candle is stored, too: there are fewer than market.history

    def __init__(self, directory):
        self.directory = directory
        self.interval = re.search(r"_(\w+)\.csv\.gz$", next(directory.glob("*.csv.gz")).name).group(1)
        self.interval_ms = INTERVALS_MS[self.interval]
        self.symbols = sorted(path.name.split("_")[0] for path in directory.glob("*.csv.gz"))

    @functools.cache  # one file is read for several runs
    def candles(self, symbol):
        """open time -> (open, high, low, close, volume) as texts."""
        with gzip.open(self.directory / f"{symbol}_{self.interval}.csv.gz", "rt") as file:
            lines = csv.reader(file)
            next(lines)
            return {int(row[0]): tuple(row[1:]) for row in lines}


class GeneratedMarket:
    """What another simulated exchange tells that makes the same market up, from the same seed, some time later."""

    is_whole = False

    def __init__(self, symbols, seed, exchange_ms):
        self.interval, self.interval_ms = "1m", INTERVALS_MS["1m"]
        exchange = wick.Program("wick-simulator", "--generate", symbols, "--seed", seed,
                                "--start", exchange_ms + LATER_MS)
        self.port = int(exchange.wait_line(r"event=ready port=(\d+)", 30).group(1))
        self.symbols = sorted(row["symbol"] for row in self._ask("exchangeInfo")["symbols"])
        self.series = {symbol: self._read(symbol) for symbol in self.symbols}
        wick.equal(exchange.stop(), wick.OK, "exit status of the simulated exchange")

    def _ask(self, question):
        status, body = wick.http_get(self.port, f"/api/v3/{question}")
        wick.equal(status, 200, question)
        return json.loads(body)

    def _read(self, symbol):
        """The newest, backwards, page by page."""
        found = {}
        while len(found) < GENERATED_MAX:
            end = f"&endTime={min(found) - 1}" if found else ""
            rows = self._ask(f"klines?symbol={symbol}&interval={self.interval}&limit=1000{end}")
            found |= {row[0]: tuple(row[1:6]) for row in rows}
        return found

    def candles(self, symbol):
        return self.series[symbol]


# ---- candles ----

def check_candles(database, market, exchange_ms, settled_ms=None):
    """Every candle that had closed by the exchange's clock, but for the last interval, is stored: equal to the last
    digit, none twice, no gap, nothing else. Where candles are revised, those that open from `settled_ms` on may still be
    what they were at first. Returns how many."""
    stored = collections.defaultdict(list)
    for symbol, interval, *numbers in database.rows(
            "SELECT symbol, interval, open_time_ms, open, high, low, close, volume FROM v_candles "
            "ORDER BY symbol, interval, open_time_ms"):
        wick.equal(interval, market.interval, f"interval of {symbol}")
        stored[symbol].append((int(numbers[0]), tuple(numbers[1:])))
    wick.equal(sorted(stored), market.symbols, "symbols that have candles")
    must_end_ms = exchange_ms - market.interval_ms
    for symbol in market.symbols:
        _check_series(symbol, stored[symbol], market, must_end_ms, settled_ms)
    return sum(map(len, stored.values()))


def _check_series(symbol, rows, market, must_end_ms, settled_ms):
    truth = market.candles(symbol)
    times = [time_ms for time_ms, _ in rows]
    if len(set(times)) != len(times):
        raise AssertionError(f"{symbol}: candles are there twice")
    first_ms = min(truth) if market.is_whole else times[0]
    due = [time_ms for time_ms in truth if time_ms >= first_ms and time_ms + market.interval_ms <= must_end_ms]
    missing = sorted(set(due) - set(times))
    if missing:
        raise AssertionError(f"{symbol}: {len(missing)} of {len(due)} candles are missing, {missing[0]} to "
                             f"{missing[-1]}; stored {times[:1]} to {times[-1:]}, due up to {max(due)}")
    for time_ms, numbers in rows:
        expected = truth.get(time_ms)
        settled = settled_ms is None or time_ms < settled_ms
        if expected is None or (settled and not same_numbers(numbers, expected)):
            raise AssertionError(f"{symbol}: candle {time_ms} is {numbers}, expected {expected}")


def same_numbers(numbers, others):
    """To the last digit; how many zeros follow does not matter."""
    return numbers == others or list(map(Decimal, numbers)) == list(map(Decimal, others))


# ---- signals ----

def check_signals(database):
    """There are signals, each has one outcome and a reason."""
    rows = database.rows("SELECT strategy, exchange, symbol, interval, candle_time_ms, side, price, outcome, reason "
                         "FROM v_signals")
    if not rows:
        raise AssertionError("there is no signal")
    twice = [key for key, count in collections.Counter(row[:5] for row in rows).items() if count > 1]
    wick.equal(twice, [], "signals that are there twice")
    for row in rows:
        if row[5] not in ("buy", "sell") or Decimal(row[6]) <= 0 or row[7] not in OUTCOMES or not row[8]:
            raise AssertionError(f"no proper signal: {row}")
    return rows


def decisions(database, from_ms, before_ms):
    """The set of (strategy, symbol, candle, side) of candles that open in a span of time."""
    rows = database.rows("SELECT strategy, symbol, candle_time_ms, side FROM v_signals "
                         f"WHERE candle_time_ms >= {from_ms} AND candle_time_ms < {before_ms}")
    return {(strategy, symbol, int(time_ms), side) for strategy, symbol, time_ms, side in rows}


def first_live_candle(database):
    """From this open time on every series fires signals."""
    rows = database.rows("SELECT count(*), count(fire_from_ms), max(fire_from_ms) FROM series")
    wick.equal(rows[0][0], rows[0][1], "series that know since when they fire")
    return int(rows[0][2])


# ---- the ledger ----

def order_id(signal):
    """The client order id that follows from a signal's key."""
    strategy, exchange, symbol, interval, candle_time_ms = signal[:5]
    text = f"{strategy}\n{exchange}\n{symbol}\n{INTERVALS_MS[interval] // 1000}\n{candle_time_ms}"
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return "wick-" + base64.b32encode(digest).decode().lower().rstrip("=")


def check_ledger(database, signals):
    """Every filled signal has one order and its fill; the fills explain the positions, the cash, the profit and the
    fees; the books balance in every row of the equity curve."""
    fills = _read_fills(database)
    _check_orders(database, signals, fills)
    positions = _check_positions(database, fills)
    _check_equity(database, fills, positions)
    return len(fills)


def _read_fills(database):
    columns = ("trade_id", "order_id", "symbol", "side", "price", "quantity", "notional", "fee", "realised", "time_ms")
    rows = database.rows(f"SELECT {', '.join(columns)} FROM v_fills ORDER BY symbol, time_ms")
    fills = [dict(zip(columns, row)) for row in rows]
    for fill in fills:
        for key in ("price", "quantity", "notional", "fee", "realised"):
            fill[key] = Decimal(fill[key])
        value = fill["price"] * fill["quantity"]
        if abs(value - fill["notional"]) >= Decimal("0.00000001"):
            raise AssertionError(f"a fill's notional is not price times quantity: {fill}")
    wick.equal(len({fill["trade_id"] for fill in fills}), len(fills), "fills with a trade id of their own")
    return fills


def _check_orders(database, signals, fills):
    orders = {row[0]: row for row in database.rows(
        "SELECT order_id, strategy, symbol, side, state, quantity, filled FROM v_orders")}
    expected = {order_id(row): row for row in signals if row[7] == "filled"}
    wick.equal(sorted(orders), sorted(expected), "orders, which are those of the filled signals")
    filled = collections.Counter()
    for fill in fills:
        filled[fill["order_id"]] += fill["quantity"]
    for key, (_, strategy, symbol, side, state, quantity, done) in orders.items():
        signal = expected[key]
        wick.equal((strategy, symbol, side, state), (signal[0], signal[2], signal[5], "filled"), f"order {key}")
        wick.equal((Decimal(quantity), Decimal(done)), (filled[key], filled[key]), f"quantities of order {key}")


def _check_positions(database, fills):
    held, open_count = collections.Counter(), collections.Counter()
    for (symbol, time_ms), group in itertools.groupby(fills, key=lambda fill: (fill["symbol"], fill["time_ms"])):
        for fill in group:
            sign = 1 if fill["side"] == "buy" else -1
            held[symbol] += sign * fill["quantity"]
            open_count[symbol] += sign
        if held[symbol] < 0 or open_count[symbol] not in (0, 1):
            raise AssertionError(f"{symbol}: {held[symbol]} held in {open_count[symbol]} positions after {time_ms}")
    rows = database.rows("SELECT symbol, quantity, cost FROM v_positions")
    positions = {symbol: (Decimal(quantity), Decimal(cost)) for symbol, quantity, cost in rows}
    wick.equal({symbol: quantity for symbol, (quantity, _) in positions.items()},
               {symbol: quantity for symbol, quantity in held.items() if quantity}, "positions")
    return positions


def _check_equity(database, fills, positions):
    rows = [tuple(map(Decimal, row)) for row in database.rows(
        "SELECT time_ms, equity, cash, unrealised, realised, fees FROM v_equity ORDER BY time_ms")]
    if not rows:
        raise AssertionError("there is no equity curve")
    for time_ms, equity, cash, unrealised, realised, fees in rows:
        # equity is cash + inventory at cost + unrealised
        wick.equal(equity - unrealised, START_CASH + realised - fees, f"cash + inventory at cost at {time_ms}")
        if cash < 0 or equity - unrealised < cash:
            raise AssertionError(f"cash or inventory is negative at {time_ms}")
    _, equity, cash, unrealised, realised, fees = rows[-1]
    wick.equal(fees, sum(fill["fee"] for fill in fills), "fees at the end, by the fills")
    wick.equal(realised, sum(fill["realised"] for fill in fills), "profit realised at the end, by the fills")
    spent = sum(fill["notional"] * (1 if fill["side"] == "buy" else -1) for fill in fills)
    wick.equal(cash, START_CASH - spent - fees, "cash at the end, by the fills")
    wick.equal(equity - unrealised - cash, sum(cost for _, cost in positions.values()), "inventory at cost at the end")
