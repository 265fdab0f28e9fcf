"""An exchange that misbehaves: the same candles all the same, and silence during a ban."""
# SPDX-License-Identifier: MIT

import checks
import database
import pipeline
import simulator
import wick

RATES = "status500=0.02,status503=0.02,status429=0.02,html=0.02,empty=0.02,truncate=0.02,delay=0.02,drop=0.02"
FAULTY = ["--fault", RATES, "--fault-delay-ms", 1500]
SYMBOLS = 40
INTERVALS = 20
LATE_INTERVALS = 2  # so much later than in good times the newest candles may come
IN_FLIGHT_S = 0.5  # requests that were under way when the ban began


def start(home, exchange, **environment):
    return exchange.follow(home / "data", "--symbols", SYMBOLS, "--analyzers", 2, WICK_MARKET__ORDER="name",
                           **environment)


@wick.scenario
def faulty_answers(home):
    if pipeline.REPLAYED:
        exchange = simulator.Exchange(home, 300, "--replay", wick.REPLAY, *FAULTY)
    else:
        exchange = simulator.Exchange(home, 60, "--generate", SYMBOLS, *FAULTY)
    run = start(home, exchange, WICK_EXCHANGE__TIMEOUT_MS=1000).wait_ready()
    end_ms = exchange.time_ms() + INTERVALS * pipeline.INTERVAL_MS
    wick.wait_until(f"{INTERVALS} candles have closed", 120, lambda: exchange.time_ms() >= end_ms)
    exchange_ms = exchange.time_ms()
    failures = run.metrics("fetcher")["exchange_failures_total"]
    wick.equal(run.stop(), wick.OK, "exit status")
    wick.equal(exchange.stop(), wick.OK, "exit status of the simulated exchange")
    faults = {event["fault"] for event in exchange.events("fault")}
    wick.equal(len(faults), 8, f"kinds of faults that befell requests, {faults}")
    candles = checks.check_candles(database.Sqlite(run.data / "wick.db"), truth(exchange_ms),
                                   exchange_ms - LATE_INTERVALS * pipeline.INTERVAL_MS)
    print(f"  {candles} candles, {failures:.0f} failures")


def truth(exchange_ms):
    if not pipeline.REPLAYED:
        return checks.GeneratedMarket(SYMBOLS, 1, exchange_ms)
    market = checks.ReplayedMarket(wick.REPLAY)
    market.symbols = market.symbols[:SYMBOLS]
    return market


@wick.scenario
def silence_during_a_ban(home):
    exchange = simulator.Exchange(home, 60, "--generate", SYMBOLS, "--ban-at", "300:900")
    run = start(home, exchange).wait_ready()
    ban = wick.wait_until("the ban begins", 60, lambda: exchange.events("ban"))[0]
    wick.wait_until("the fetcher knows of the ban", 5,
                    lambda: run.metrics("fetcher").get("exchange_banned_until_seconds", 0) > 0)
    run.wait_restart("fetcher", run.kill("fetcher"))
    wick.wait_until("requests come again", 60, lambda: requests_after(exchange, ban["until"]))
    run.wait_ready()
    early = [event for event in exchange.events("request")
             if ban["t"] + IN_FLIGHT_S * 1000 * exchange.speed < event["t"] < ban["until"]]
    wick.equal(early, [], "requests during the ban")
    wick.equal(run.stop(), wick.OK, "exit status")
    exchange.stop()


def requests_after(exchange, time_ms):
    return [event for event in exchange.events("request") if event["t"] >= time_ms and event["status"] == 200]


if __name__ == "__main__":
    wick.main()
