"""Candles and tickers come by stream: few requests, the same candles; whatever becomes of the streams, no candle is lost."""
# SPDX-License-Identifier: MIT

import collections
import time

import checks
import database
import simulator
import wick

INTERVAL_MS = 60_000
SPEED = 20  # three seconds an interval
SYMBOLS = 250
INTERVALS = 8
FAULTY_SYMBOLS = 60
LATE_INTERVALS = 2  # so much later than in good times the newest candles may come
SILENCE_S = 15
IN_FLIGHT_S = 0.5  # what was under way when the ban began


def run_intervals(exchange, count):
    end_ms = exchange.time_ms() + count * INTERVAL_MS
    wick.wait_until(f"{count} candles have closed", 180, lambda: exchange.time_ms() >= end_ms)
    return end_ms


def speaks(run, symbols):
    """Waits until all subscriptions of a run speak."""
    wick.wait_until("all streams speak", 30, lambda: run.metrics("fetcher").get("stream_topics", 0) == 2 * symbols)


def check_all(run, exchange, symbols, late_intervals=0):
    """Ends a run and its exchange; the store has every candle as the exchange has it."""
    exchange_ms = exchange.time_ms()
    wick.equal(run.stop(), wick.OK, "exit status")
    wick.equal(exchange.stop(), wick.OK, "exit status of the simulated exchange")
    return checks.check_candles(database.Sqlite(run.data / "wick.db"), checks.GeneratedMarket(symbols, 1, exchange_ms),
                                exchange_ms - late_intervals * INTERVAL_MS)


@wick.scenario
def streams_spare_requests(home):
    exchange = simulator.Exchange(home, SPEED, "--generate", SYMBOLS)
    settings = exchange.streams() | {"WICK_MARKET__DEPTH_DAYS": "0"}  # requests for history are none for new candles
    run = exchange.follow(home / "data", "--symbols", SYMBOLS, "--analyzers", 2, **settings).wait_ready()
    speaks(run, SYMBOLS)
    first_ms, before = exchange.time_ms(), run.metrics("fetcher")
    end_ms = run_intervals(exchange, INTERVALS)
    after = run.metrics("fetcher")
    candles = check_all(run, exchange, SYMBOLS)
    streamed = after["candles_streamed_total"] - before["candles_streamed_total"]
    paths = collections.Counter(event["path"] for event in exchange.events("request") if first_ms <= event["t"] < end_ms)
    print(f"  {candles} candles; of {SYMBOLS * INTERVALS} that closed {streamed:.0f} came by stream; {dict(paths)}")
    if streamed < 0.8 * SYMBOLS * INTERVALS:
        raise AssertionError(f"only {streamed} candles came by stream")
    asked = paths["/api/v3/klines"]
    if asked > SYMBOLS * INTERVALS / 2:  # by default a series is confirmed every five minutes
        raise AssertionError(f"{asked} candle requests; without streams they were {SYMBOLS * INTERVALS}")


@wick.scenario
def streams_with_faults(home):
    exchange = simulator.Exchange(
        home, SPEED, "--generate", FAULTY_SYMBOLS, "--stream-fault-ms", 10_000, "--fault",
        "silent_stream=0.2,silent_connection=0.3,stream_drop=0.5,status500=0.01,truncate=0.01")
    run = exchange.follow(home / "data", "--symbols", FAULTY_SYMBOLS, "--analyzers", 2, **exchange.streams()).wait_ready()
    run_intervals(exchange, INTERVALS)
    run.wait_restart("fetcher", run.kill("fetcher"))
    run_intervals(exchange, INTERVALS)
    metrics = run.metrics("fetcher")
    candles = check_all(run, exchange, FAULTY_SYMBOLS, LATE_INTERVALS)
    faults = collections.Counter(event["fault"] for event in exchange.events("fault"))
    print(f"  {candles} candles; faults {dict(faults)}; {metrics['candles_streamed_total']:.0f} candles by stream, "
          f"{metrics['stream_silent_total']:.0f} silences, {metrics['stream_reconnects_total']:.0f} reconnections since the kill")
    for fault in ("silent_stream", "stream_drop"):
        if not faults[fault]:
            raise AssertionError(f"no stream had the fault {fault}")
    wick.equal(metrics["stream_unread_total"], 0, "messages that could not be read")


def noticed_after(home, fault, is_noticed):
    """How long after the first fault of an exchange that runs as fast as ours the fetcher has noticed it, in s."""
    exchange = simulator.Exchange(home, 1, "--generate", 5, "--stream-fault-ms", 4000, "--fault", f"{fault}=1")
    run = exchange.follow(home / "data", "--symbols", 5, "--analyzers", 1, **exchange.streams()).wait_ready()
    wick.wait_until(f"the fault {fault}", 30, lambda: exchange.events("fault"))
    began = time.monotonic()
    wick.wait_until(f"{fault} is noticed", SILENCE_S + 1, lambda: is_noticed(run.metrics("fetcher")))
    seconds = time.monotonic() - began
    wick.equal(run.stop(), wick.OK, "exit status")
    exchange.stop()
    return seconds


@wick.scenario
def silence_is_noticed(home):
    for fault, is_noticed in (("silent_stream", lambda metrics: metrics.get("stream_silent_total", 0) > 0),
                              ("silent_connection", lambda metrics: metrics.get("stream_reconnects_total", 0) > 0)):
        (home / fault).mkdir()
        seconds = noticed_after(home / fault, fault, is_noticed)
        print(f"  {fault}: noticed after {seconds:.1f} s")


@wick.scenario
def a_lifetime_is_overlapped(home):
    """Connections live for 20 s here, and are told of their end 10 s before."""
    exchange = simulator.Exchange(home, 60, "--generate", FAULTY_SYMBOLS, "--stream-lifetime", 1200)
    run = exchange.follow(home / "data", "--symbols", FAULTY_SYMBOLS, "--analyzers", 1, **exchange.streams()).wait_ready()
    speaks(run, FAULTY_SYMBOLS)
    gaps = []
    end = time.monotonic() + 45
    while time.monotonic() < end:
        topics = run.metrics("fetcher").get("stream_topics", 0)
        gaps += [topics] if topics < FAULTY_SYMBOLS else []  # tickers may be slow to come on a busy machine
        time.sleep(wick.POLL_S)
    reconnects = run.metrics("fetcher")["stream_reconnects_total"]
    candles = check_all(run, exchange, FAULTY_SYMBOLS, LATE_INTERVALS)
    opened = len(exchange.events("stream_open"))
    print(f"  {candles} candles, {opened} connections, {reconnects:.0f} handed over")
    if opened < 4 or reconnects < 3:
        raise AssertionError(f"{opened} connections, {reconnects} of them handed over")
    wick.equal(gaps, [], "times without streams")


@wick.scenario
def a_ban_ends_streams(home):
    exchange = simulator.Exchange(home, 60, "--generate", FAULTY_SYMBOLS, "--ban-at", "600:900")
    run = exchange.follow(home / "data", "--symbols", FAULTY_SYMBOLS, "--analyzers", 1, **exchange.streams()).wait_ready()
    ban = wick.wait_until("the ban begins", 60, lambda: exchange.events("ban"))[0]
    wick.wait_until("the fetcher knows of the ban", 60,
                    lambda: run.metrics("fetcher").get("exchange_banned_until_seconds", 0) > 0)
    known_ms = exchange.time_ms()
    run.wait_restart("fetcher", run.kill("fetcher"))
    wick.wait_until("the ban is over", 60, lambda: exchange.time_ms() > ban["until"])
    speaks(run, FAULTY_SYMBOLS)
    early = [event for name in ("stream_open", "stream_request") for event in exchange.events(name)
             if known_ms + IN_FLIGHT_S * 1000 * exchange.speed < event["t"] < ban["until"]]
    wick.equal(early, [], "connections and requests of streams during the ban")
    candles = check_all(run, exchange, FAULTY_SYMBOLS, LATE_INTERVALS)
    print(f"  {candles} candles")


if __name__ == "__main__":
    wick.main()
