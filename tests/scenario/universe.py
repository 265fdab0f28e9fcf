"""Markets come and go while a run follows them: no process is started again, and nothing is lost.

The exchange lists more or fewer of the same made-up markets when it is started anew with the clock that it had.
"""
# SPDX-License-Identifier: MIT

import json

import checks
import database
import simulator
import wick

SPEED = 60
FEW, SOME, MANY = 15, 20, 25  # markets that are listed
REFRESH_S = 60  # of exchange time: every second
PATIENCE_S = 60
LAST_INTERVALS = 10  # follow after the last change
IN_FLIGHT_INTERVALS = 2


class Listing:
    """A simulated exchange on one port, with as many markets as it is told."""

    def __init__(self, home, count):
        self.home = home
        self.exchange = simulator.Exchange(home, SPEED, "--generate", count)

    def change(self, count):
        """Lists so many from now on."""
        old = self.exchange
        wick.equal(old.stop(), wick.OK, "exit status of the simulated exchange")
        origin = f"{old.origin_monotonic_ms}:{old.origin_exchange_ms}"
        self.exchange = simulator.Exchange(self.home, SPEED, "--generate", count, "--port", old.port, "--origin", origin)

    def symbols(self):
        status, body = wick.http_get(self.exchange.port, "/api/v3/exchangeInfo")
        wick.equal(status, 200, "status of the list of markets")
        return {row["symbol"] for row in json.loads(body)["symbols"]}


def follow(listing, most, **environment):
    return listing.exchange.follow(listing.home / "data", "--symbols", most, "--analyzers", 2,
                                   WICK_MARKET__REFRESH_S=REFRESH_S, WICK_MARKET__DEPTH_DAYS=0, **environment)


def wait_symbols(run, count):
    wick.wait_until(f"{count} markets are followed", PATIENCE_S,
                    lambda: run.metrics("fetcher").get("symbols") == count)


def positions(base):
    return {symbol for symbol, in base.rows("SELECT symbol FROM v_positions WHERE quantity <> '0'")}


@wick.scenario
def markets_come_and_go(home):
    listing = Listing(home, SOME)
    run = follow(listing, 2 * MANY).wait_ready()
    base = database.Sqlite(run.data / "wick.db")
    first = listing.symbols()
    wait_symbols(run, SOME)

    listing.change(MANY)
    came = listing.symbols() - first
    wait_symbols(run, MANY)
    wick.wait_until("the analyzers decide on markets that came", PATIENCE_S, lambda: came & {
        symbol for symbol, in base.rows("SELECT DISTINCT symbol FROM v_signals")})
    wick.wait_until("the trader holds something of those that came", PATIENCE_S, lambda: came & positions(base))

    listing.change(FEW)
    listed = listing.symbols()
    wick.wait_until("what is not held has gone", PATIENCE_S, lambda: is_settled(run, base, listed))
    held = positions(base) - listed
    wick.equal(bool(held & came), True, f"a position is open in one of {held}, which is not listed")

    listing.change(MANY)
    wait_symbols(run, MANY)
    end_ms = listing.exchange.time_ms() + LAST_INTERVALS * checks.INTERVALS_MS["1m"]
    wick.wait_until("candles have closed", PATIENCE_S, lambda: listing.exchange.time_ms() >= end_ms)
    check_end(run, listing, base, len(held))


def is_settled(run, base, listed):
    """Whether just those are followed that are listed or held."""
    metrics, held = run.metrics("fetcher"), positions(base) - listed
    return metrics.get("symbols") == len(listed) + len(held) and metrics.get("symbols_held") == len(held)


def check_end(run, listing, base, held):
    metrics = run.metrics("fetcher")
    wick.equal(metrics["symbols_added_total"], (MANY - SOME) + (MANY - FEW - held), "markets that were added")
    exchange_ms = listing.exchange.time_ms()
    wick.equal(run.stop(), wick.OK, "exit status")  # and nothing was started again
    wick.equal(listing.exchange.stop(), wick.OK, "exit status of the simulated exchange")
    candles = checks.check_candles(base, checks.GeneratedMarket(MANY, 1, exchange_ms),
                                   exchange_ms - IN_FLIGHT_INTERVALS * checks.INTERVALS_MS["1m"])
    fills = checks.check_ledger(base, checks.check_signals(base))
    print(f"  {candles} candles, {fills} fills, {held} held while not listed, "
          f"{metrics['symbols_added_total']:.0f} markets added, {metrics['symbols_removed_total']:.0f} removed")


@wick.scenario
def rules_choose(home):
    """Words, rank and age."""
    listing = Listing(home, SOME)
    symbols = sorted(listing.symbols())
    run = follow(listing, 7, WICK_MARKET__SYMBOLS=f"{symbols[3]},*,!{symbols[0]},!{symbols[1][:3]}*",
                 WICK_MARKET__MIN_AGE_DAYS=3).wait_ready()
    wait_symbols(run, 7)
    base = database.Sqlite(run.data / "wick.db")
    followed = {symbol for symbol, in base.rows("SELECT DISTINCT symbol FROM v_candles")}
    status, body = wick.http_get(listing.exchange.port, "/api/v3/ticker/24hr")
    wick.equal(status, 200, "status of the tickers")
    volumes = {row["symbol"]: float(row["quoteVolume"]) for row in json.loads(body)}
    competing = [symbol for symbol in sorted(volumes, key=volumes.get, reverse=True)
                 if symbol not in (symbols[0], symbols[3]) and not symbol.startswith(symbols[1][:3])]
    wick.equal(symbols[3] in followed, True, "the named market is followed")
    wick.equal(followed - {symbols[3]} <= set(competing[:9]), True,
               f"the others, {followed}, are of the first by volume, {competing[:9]}")
    daily = [event for event in listing.exchange.events("request") if "interval=1d" in event["query"]]
    wick.equal(len(daily), 6, "markets whose age was asked for")
    wick.equal(run.stop(), wick.OK, "exit status")
    listing.exchange.stop()


@wick.scenario
def bad_rules_are_told(home):
    for variable, value, told in (
            ("SYMBOLS", "btcusdt", "'btcusdt' is not a market"), ("ORDER", "size", "one of volume, name"),
            ("INTERVALS", "1m,7m", "market.intervals")):
        status, text = wick.run_program("wick-up", "--data", home / variable, "--port", wick.free_port(), "--symbols", 3,
                                        environment={f"WICK_MARKET__{variable}": value}, seconds=60)
        wick.equal(status, wick.BAD_CONFIGURATION, f"exit status with {variable}={value}:\n{text}")
        wick.contains(text, told)


if __name__ == "__main__":
    wick.main()
