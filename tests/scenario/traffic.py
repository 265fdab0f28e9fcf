"""The exchange sees the same requests, however many analyzers there are."""
# SPDX-License-Identifier: MIT

import collections

import simulator
import wick

SYMBOLS, SPEED, INTERVAL_MS = 100, 20, 60_000
START_MS = 1_735_000_000_000 // INTERVAL_MS * INTERVAL_MS
COUNTED = 8  # intervals, from the second whole one after the run is ready
POLLS_APART = 0.1  # of the tickers: a poll is due so long after the answer to the last, whose time depends on the machine
# Every candle is a request, and none is history.
FOLLOWING = {"WICK_EXCHANGE__STREAM_URL": "none", "WICK_MARKET__TICK_MS": "10000", "WICK_MARKET__DEPTH_DAYS": "0"}


def requests(home, analyzers):
    """How often each path was asked for in the counted intervals of a run, by the exchange's journal."""
    home.mkdir()
    exchange = simulator.Exchange(home, SPEED, "--generate", SYMBOLS, "--start", START_MS)
    run = exchange.follow(home / "data", "--symbols", SYMBOLS, "--analyzers", analyzers, **FOLLOWING).wait_ready()
    first_ms = (exchange.time_ms() // INTERVAL_MS + 2) * INTERVAL_MS
    end_ms = first_ms + COUNTED * INTERVAL_MS
    wick.wait_until("all intervals are over", 60, lambda: exchange.time_ms() > end_ms + INTERVAL_MS / 2)
    wick.equal(run.stop(), wick.OK, "exit status")
    wick.equal(exchange.stop(), wick.OK, "exit status of the simulated exchange")
    return collections.Counter(event["path"] for event in exchange.events("request") if first_ms <= event["t"] < end_ms)


@wick.scenario
def analyzers_cause_no_requests(home):
    few, many = requests(home / "few", 1), requests(home / "many", 20)
    print(f"  with 1 analyzer {sum(few.values())} requests, with 20 {sum(many.values())}: {dict(few)}, {dict(many)}")
    wick.equal(few["/api/v3/klines"], SYMBOLS * COUNTED, "candle requests with 1 analyzer, one a series and interval")
    wick.equal(many["/api/v3/klines"], few["/api/v3/klines"], "candle requests with 20 analyzers")
    path = "/api/v3/ticker/24hr"
    wick.equal(abs(many[path] - few[path]) <= POLLS_APART * few[path], True, "about as many ticker requests")


if __name__ == "__main__":
    wick.main()
