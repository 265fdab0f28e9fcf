"""The fetcher follows an exchange other than Binance, by REST: what is in the store afterwards is what that exchange told.

A small server speaks as OKX, Bybit, Kraken and Coinbase document it: bounds of candles that are or are not included, newest
first or last, only so many a call or at all, minutes without trades that are left out, the forming candle among them.
"""
# SPDX-License-Identifier: MIT

import http.server
import json
import threading
import time
import urllib.parse
from decimal import Decimal

import database
import wick

MINUTE_MS = 60_000
SPEED = 20
START_MS = 1_735_000_000_000
MARKETS = ("AAA", "BBB", "CCC")
QUOTE = "USDT"
HISTORY = 1600  # candles of each market: more calls than one, and more than OKX keeps among the recent ones
LIVE = 3  # minutes that are followed
OKX_REACH, OKX_RECENT_MAX, OKX_OLD_MAX = 1440, 300, 100
BYBIT_MAX, KRAKEN_KEPT, COINBASE_MAX = 1000, 720, 350


def price(market, minute):
    return Decimal((minute * 7919 + ord(market[0]) * 131) % 1000 + 10_000) / 100


def candle(market, open_ms):
    """open, high, low, close, volume of a minute that is over."""
    minute = open_ms // MINUTE_MS
    first, last = price(market, minute), price(market, minute + 1)
    return first, max(first, last) + Decimal("0.05"), min(first, last) - Decimal("0.05"), last, Decimal(minute % 50) / 4


def is_quiet(open_ms):
    return open_ms // MINUTE_MS % 7 == 3


class Dialect:
    """What an exchange's server knows; its subclasses answer a path and its parameters."""

    def __init__(self):
        self.started = time.monotonic()
        self.asked = {}

    def now_ms(self):
        return START_MS + int((time.monotonic() - self.started) * 1000 * SPEED)

    def rows(self, market, first_ms, last_ms):
        """(open time, numbers) of the candles in first..last, ascending, the forming one too."""
        newest_ms = self.now_ms() // MINUTE_MS * MINUTE_MS
        first_ms = -(-first_ms // MINUTE_MS) * MINUTE_MS
        found = [(at, candle(market, at)) for at in range(first_ms, min(last_ms, newest_ms) + 1, MINUTE_MS)]
        if found and found[-1][0] == newest_ms:  # it has only just begun
            first = found[-1][1][0]
            found[-1] = (newest_ms, (first, first, first, first, Decimal("0.5")))
        return found

    def last(self, market):
        return price(market, self.now_ms() // MINUTE_MS)


class Okx(Dialect):
    name, unit, least = "okx", "-", HISTORY

    def answer(self, path, asked):
        return {"code": "0", "msg": "", "data": self.data(path, asked)}

    def data(self, path, asked):
        if path == "/api/v5/public/time":
            return [{"ts": str(self.now_ms())}]
        if path == "/api/v5/public/instruments":
            return [{"instType": "SPOT", "instId": f"{market}-{QUOTE}", "baseCcy": market, "quoteCcy": QUOTE, "tickSz": "0.01",
                     "lotSz": "0.001", "minSz": "0.01", "maxLmtSz": "1000", "state": "live"} for market in MARKETS]
        if path == "/api/v5/market/tickers":
            return [{"instType": "SPOT", "instId": f"{market}-{QUOTE}", "last": str(self.last(market)), "bidPx": "99.99",
                     "askPx": "120.01", "volCcy24h": "1000000", "ts": str(self.now_ms())} for market in MARKETS]
        recent = path == "/api/v5/market/candles"
        assert recent or path == "/api/v5/market/history-candles", path
        assert asked["bar"] == "1m" and int(asked["limit"]) <= (OKX_RECENT_MAX if recent else OKX_OLD_MAX), asked
        found = self.rows(asked["instId"][:3], int(asked["before"]) + 1, int(asked["after"]) - 1)
        if recent:
            oldest_ms = (self.now_ms() // MINUTE_MS - OKX_REACH + 1) * MINUTE_MS
            found = [row for row in found if row[0] >= oldest_ms]
        rows = [[str(at), *map(str, numbers), "0", "0", "1"] for at, numbers in found[-int(asked["limit"]):]]
        return rows[::-1]


class Bybit(Dialect):
    name, unit, least = "bybit", "", HISTORY

    def answer(self, path, asked):
        return {"retCode": 0, "retMsg": "OK", "result": self.result(path, asked), "retExtInfo": {}, "time": self.now_ms()}

    def result(self, path, asked):
        if path == "/v5/market/time":
            return {"timeSecond": str(self.now_ms() // 1000), "timeNano": str(self.now_ms() * 1_000_000)}
        assert asked["category"] == "spot", asked
        if path == "/v5/market/instruments-info":
            rows = [{"symbol": market + QUOTE, "baseCoin": market, "quoteCoin": QUOTE, "status": "Trading",
                     "lotSizeFilter": {"basePrecision": "0.001", "minOrderQty": "0.01", "minOrderAmt": "5"},
                     "priceFilter": {"tickSize": "0.01"}} for market in MARKETS]
        elif path == "/v5/market/tickers":
            rows = [{"symbol": market + QUOTE, "bid1Price": "99.99", "ask1Price": "120.01", "lastPrice": str(self.last(market)),
                     "turnover24h": "1000000"} for market in MARKETS]
        else:
            assert path == "/v5/market/kline" and asked["interval"] == "1" and int(asked["limit"]) <= BYBIT_MAX, (path, asked)
            found = self.rows(asked["symbol"][:3], int(asked["start"]), int(asked["end"]))
            rows = [[str(at), *map(str, numbers), "0"] for at, numbers in found[-int(asked["limit"]):]][::-1]
        return {"category": "spot", "list": rows}


class Kraken(Dialect):
    name, unit, least = "kraken", "", KRAKEN_KEPT - 10

    def answer(self, path, asked):
        return {"error": [], "result": self.result(path, asked)}

    def result(self, path, asked):
        if path == "/0/public/Time":
            return {"unixtime": self.now_ms() // 1000, "rfc1123": ""}
        if path == "/0/public/AssetPairs":
            return {market + QUOTE: {"altname": market + QUOTE, "wsname": f"{market}/{QUOTE}", "base": market, "quote": QUOTE,
                                     "pair_decimals": 2, "lot_decimals": 3, "ordermin": "0.01", "status": "online"}
                    for market in MARKETS}
        if path == "/0/public/Ticker":
            wanted = asked["pair"].split(",") if "pair" in asked else [market + QUOTE for market in MARKETS]
            return {pair: {"a": ["120.01", "1", "1"], "b": ["99.99", "1", "1"], "c": [str(self.last(pair)), "1"],
                           "v": ["1", "2"], "p": ["1", "1"]} for pair in wanted}
        assert path == "/0/public/OHLC" and asked["interval"] == "1", (path, asked)
        newest_ms = self.now_ms() // MINUTE_MS * MINUTE_MS
        first_ms = max(int(asked["since"]) * 1000 + 1, newest_ms - (KRAKEN_KEPT - 1) * MINUTE_MS)
        rows = [[at // 1000, *map(str, numbers[:4]), "0", str(numbers[4]), 1]
                for at, numbers in self.rows(asked["pair"], min(first_ms, newest_ms), newest_ms)]
        return {asked["pair"]: rows, "last": rows[-1][0]}


class Coinbase(Dialect):
    name, unit, least = "coinbase", "-", HISTORY * 6 // 7

    def rows(self, market, first_ms, last_ms):
        return [row for row in super().rows(market, first_ms, last_ms) if not is_quiet(row[0])]

    def answer(self, path, asked):
        if path == "/api/v3/brokerage/time":
            return {"iso": "", "epochSeconds": str(self.now_ms() // 1000), "epochMillis": str(self.now_ms())}
        if path == "/api/v3/brokerage/market/products":
            return {"products": [self.product(market) for market in MARKETS], "num_products": len(MARKETS)}
        assert path.endswith("/candles") and asked["granularity"] == "ONE_MINUTE", (path, asked)
        first_ms, last_ms = int(asked["start"]) * 1000, int(asked["end"]) * 1000
        assert (last_ms - first_ms) // MINUTE_MS < COINBASE_MAX, asked
        market = path.split("/")[-2][:3]
        return {"candles": [{"start": str(at // 1000), "open": str(numbers[0]), "high": str(numbers[1]), "low": str(numbers[2]),
                             "close": str(numbers[3]), "volume": str(numbers[4])}
                            for at, numbers in self.rows(market, first_ms, last_ms)[::-1]]}

    def product(self, market):
        flags = ("trading_disabled", "is_disabled", "cancel_only", "limit_only", "post_only", "auction_mode", "view_only")
        return {"product_id": f"{market}-{QUOTE}", "price": str(self.last(market)), "base_currency_id": market,
                "quote_currency_id": QUOTE, "product_type": "SPOT", "status": "online", "quote_increment": "0.01",
                "price_increment": "0.01", "base_increment": "0.001", "base_min_size": "0.01", "base_max_size": "1000",
                "quote_min_size": "1", "volume_24h": "1", **dict.fromkeys(flags, False)}


class Server:
    """A dialect at a port of this machine. What it cannot answer is kept, and fails the scenario."""

    def __init__(self, dialect):
        wrong = self.wrong = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802 -- the name that http.server asks for
                url = urllib.parse.urlsplit(self.path)
                dialect.asked[url.path] = dialect.asked.get(url.path, 0) + 1
                try:
                    body = json.dumps(dialect.answer(url.path, dict(urllib.parse.parse_qsl(url.query)))).encode()
                    status = 200
                except (AssertionError, KeyError, ValueError) as error:
                    wrong.append(f"{self.path}: {error!r}")
                    status, body = 400, b"{}"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def check_market(stored, market, dialect, end_ms):
    """All that had closed before `end_ms`, from the first that is stored on, is there, once, and as it was told."""
    times = [int(row[0]) for row in stored]
    due = [at for at in range(times[0], end_ms, MINUTE_MS) if dialect.name != "coinbase" or not is_quiet(at)]
    wick.equal([at for at in times if at < end_ms], due, f"times of {market}")
    wick.equal(len(due) >= dialect.least, True, f"{len(due)} candles of {market} are the history that was wanted")
    for at, *numbers in stored:
        wick.equal(tuple(map(Decimal, numbers)), candle(market, int(at)), f"{market} at {at}")
    return len(times)


def follow(home, dialect):
    server = Server(dialect)
    run = wick.Run(home / "data", "--speed", SPEED, "--analyzers", 1, environment={
        "WICK_EXCHANGE__NAME": dialect.name, "WICK_EXCHANGE__URL": f"http://127.0.0.1:{server.port}",
        "WICK_EXCHANGE__STREAM_URL": "none", "WICK_MARKET__HISTORY": HISTORY}).wait_ready()
    ready_ms = dialect.now_ms()
    wick.wait_until("some minutes have passed", 60, lambda: dialect.now_ms() >= ready_ms + (LIVE + 1) * MINUTE_MS)
    end_ms = dialect.now_ms() // MINUTE_MS * MINUTE_MS - MINUTE_MS
    store = database.Sqlite(home / "data" / "wick.db")

    def stored(market):
        return store.rows("SELECT open_time_ms, open, high, low, close, volume FROM v_candles WHERE symbol = "
                          f"'{market}{dialect.unit}{QUOTE}' AND interval = '1m' ORDER BY open_time_ms")
    wick.wait_until("all markets are stored", 60, lambda: all(
        int(rows[-1][0]) >= end_ms - 2 * MINUTE_MS for rows in [stored(market) or [("0",)] for market in MARKETS]))
    wick.equal(run.stop(), wick.OK, "exit status")
    server.close()
    wick.equal(server.wrong, [], "requests that the exchange does not know")
    candles = sum(check_market(stored(market), market, dialect, end_ms - MINUTE_MS) for market in MARKETS)
    if dialect.name == "okx":
        wick.equal(dialect.asked.get("/api/v5/market/history-candles", 0) > 0, True, "old candles were asked for")
    print(f"  {candles} candles; requests: {dialect.asked}", flush=True)


@wick.scenario
def okx(home):
    follow(home, Okx())


@wick.scenario
def bybit(home):
    follow(home, Bybit())


@wick.scenario
def kraken(home):
    follow(home, Kraken())


@wick.scenario
def coinbase(home):
    follow(home, Coinbase())


if __name__ == "__main__":
    wick.main()
