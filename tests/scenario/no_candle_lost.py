"""An exchange at its worst, and a database that comes and goes: in the end the store has every candle, each once.

With WICK_SCENARIO=long the outages last as long as they do in life, and the database is away for three minutes.
"""
# SPDX-License-Identifier: MIT

import collections
import os
import pathlib
import re
import threading
import time

import checks
import database
import pipeline
import simulator
import wick

LONG = os.environ.get("WICK_SCENARIO") == "long"
SYMBOLS = 250 if pipeline.REPLAYED else 60
SPEED = 300 if pipeline.REPLAYED else 60  # a second an interval
FAULTS = ("status500=0.01,truncate=0.01,delay=0.005,missing_candle=0.01,revise=0.01,"
          "silent_stream=0.02,stream_drop=0.5")
SECOND = SPEED  # of our clock, in seconds of the exchange's
BURST_S, BAN_S = 3, 20  # of our clock: the burst of 429, the ban
BURST_AT_S, BAN_AT_S = 15, 22  # after the exchange's start
MENDING_S = 20  # behind the last outage: holes are filled
LATE_INTERVALS = 3  # so much later than in good times the newest candles may come
CONFIRM_S = 600
UNSETTLED_MS = (300 + CONFIRM_S + 600) * 1000  # a candle is revised within five minutes, and then read again in its turn
IN_FLIGHT_MS = 500  # of our clock: requests that were under way when the ban began
KILL_EVERY_S = 10
AWAY_S = 180 if LONG else 15
GROWTH_MB = 48  # that a process may be larger after an outage than before it


# ---- an exchange at its worst ----

def start_exchange(home):
    market = ["--replay", wick.REPLAY] if pipeline.REPLAYED else ["--generate", SYMBOLS, "--seed", pipeline.SEED]
    return simulator.Exchange(
        home, SPEED, *market, "--fault", FAULTS, "--fault-delay-ms", 1500, "--clock-offset-ms", 3000,
        "--limit-at", f"{BURST_AT_S * SECOND}:{BURST_S * SECOND}", "--ban-at", f"{BAN_AT_S * SECOND}:{BAN_S * SECOND}")


def follow(home, exchange, *arguments):
    return exchange.follow(home / "data", "--symbols", SYMBOLS, "--analyzers", 3, *arguments,
                           **exchange.streams(), WICK_EXCHANGE__TIMEOUT_MS=1000, WICK_MARKET__REREAD_S=1200, WICK_MARKET__CONFIRM_S=CONFIRM_S)


def live_through_the_ban(exchange, run):
    """Kills the fetcher in the middle of the ban; returns when requests are answered again."""
    ban = wick.wait_until("the ban begins", 90, lambda: exchange.events("ban"))[0]
    wick.wait_until("the fetcher knows of the ban", 10,
                    lambda: run.metrics("fetcher").get("exchange_banned_until_seconds", 0) > 0)
    run.wait_restart("fetcher", run.kill("fetcher"))
    wick.wait_until("requests are answered again", BAN_S + 40, lambda: any(
        event["t"] >= ban["until"] and event["status"] == 200 for event in exchange.events("request")))
    early = [event for event in exchange.events("request") + exchange.events("stream_open")
             if ban["t"] + IN_FLIGHT_MS * SPEED < event["t"] < ban["until"]]
    wick.equal(early, [], "requests and connections during the ban")


def check_store(home, exchange, run, store):
    exchange_ms = exchange.time_ms()
    run.wait_ready()
    wick.equal(run.stop(60), wick.OK, "exit status")
    journal = collections.Counter(event["fault"] for event in exchange.events("fault"))
    wick.equal(exchange.stop(), wick.OK, "exit status of the simulated exchange")
    market = pipeline.REPLAYED or checks.GeneratedMarket(SYMBOLS, pipeline.SEED, exchange_ms)
    candles = checks.check_candles(store, market, exchange_ms - LATE_INTERVALS * market.interval_ms,
                                   exchange_ms - UNSETTLED_MS)
    revisions = store.rows("SELECT count(*) FROM v_candle_revisions")[0][0]
    print(f"  {candles} candles, all as the exchange has them; {revisions} were revised; faults {dict(journal)}", flush=True)
    wick.equal(int(revisions) > 0, True, "revisions are kept")


# ---- memory ----

class Memory:
    """The largest proportional set size of every role while it is looked at, MB."""

    def __init__(self, run):
        self.run, self.largest = run, {}
        self.first = self._now()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _now(self):
        sizes = {}
        for name, row in self.run.processes().items():
            try:
                text = pathlib.Path(f"/proc/{row['pid']}/smaps_rollup").read_text()
            except OSError:
                continue  # it has just died
            size = int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1)) / 1024
            sizes[row["role"]] = max(sizes.get(row["role"], 0), size)
        return sizes

    def _work(self):
        while not self.over.wait(1):
            try:
                for role, size in self._now().items():
                    self.largest[role] = max(self.largest.get(role, 0), size)
            except (OSError, ValueError):
                continue  # the list of processes is being replaced

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def check(self):
        figures = {role: f"{self.first.get(role, 0):.0f} -> {size:.0f}" for role, size in sorted(self.largest.items())}
        print(f"  largest process of each role, MB, at first and at most: {figures}", flush=True)
        grown = {role: size for role, size in self.largest.items()
                 if role != "simulator" and size > self.first.get(role, 0) + GROWTH_MB}
        wick.equal(grown, {}, f"processes that grew by more than {GROWTH_MB} MB")


# ---- the scenarios ----

@wick.scenario
def exchange_at_its_worst(home):
    exchange = start_exchange(home)
    run = follow(home, exchange).wait_ready()
    live_through_the_ban(exchange, run)
    time.sleep(MENDING_S)
    check_store(home, exchange, run, database.Sqlite(run.data / "wick.db"))


def with_postgres(home, server, url):
    """The same, while the server is killed every ten seconds, and then stays away for long."""
    exchange = start_exchange(home)
    run = follow(home, exchange, "--database", url).wait_ready()
    over = threading.Event()
    killer = threading.Thread(target=kill_again_and_again, args=(server, over))
    with Memory(run) as memory:
        killer.start()
        try:
            live_through_the_ban(exchange, run)
        finally:
            over.set()
            killer.join()
        server.kill()
        time.sleep(AWAY_S)
        server.start()
        time.sleep(MENDING_S)
        memory.check()
    check_store(home, exchange, run, server)


def kill_again_and_again(server, over):
    kills = 0
    while not over.wait(KILL_EVERY_S):
        server.kill()
        server.start()
        kills += 1
    print(f"  the server was killed {kills} times", flush=True)


@wick.scenario
def database_comes_and_goes(home):
    if database.Bouncer.program and not LONG:
        raise wick.Skipped("through_pgbouncer does the same and more; WICK_SCENARIO=long runs both")
    with database.Postgres(home) as server:
        with_postgres(home, server, server.url())


@wick.scenario
def through_pgbouncer(home):
    with database.Postgres(home) as server, database.Bouncer(server) as bouncer:
        with_postgres(home, server, bouncer.url())


if __name__ == "__main__":
    wick.main()
