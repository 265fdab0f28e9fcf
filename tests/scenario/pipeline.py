"""Runs the whole pipeline over a market whose every candle is known, and checks all that a run leaves behind.

The market is the replay of 250 real ones where their files are beside the project, else a generated one, always the
same.
"""
# SPDX-License-Identifier: MIT

import collections

import checks
import wick

REPLAYED = checks.ReplayedMarket(wick.REPLAY) if wick.REPLAY.is_dir() else None
INTERVAL_MS = checks.INTERVALS_MS["5m" if REPLAYED else "1m"]
SPEED = 600 if REPLAYED else 120  # half a second an interval
SYMBOLS, SEED = 20, 7  # of the generated market
GENERATED = {"market": f"simulated generated {SEED}", "simulator-clock": "1735000000000"}  # as a data directory keeps them

LIVE_INTERVALS = 36  # so long an undisturbed run lasts, in candles
MENDING_INTERVALS = 12  # after the last kill: what was killed last takes up its work again
COMPARED_MIN = 50  # signals, for a comparison to mean something
IN_FLIGHT_INTERVALS = 2  # at the end, a signal may not have been decided yet

# What a run has decided: since when it was live, until when all is decided, and (strategy, symbol, candle, side).
Decided = collections.namedtuple("Decided", "first_ms end_ms decisions")


def start(data, *arguments):
    """A run that is ready."""
    if REPLAYED:
        market = ["--replay", wick.REPLAY]
    else:
        market = ["--symbols", SYMBOLS]
        data.mkdir(exist_ok=True)
        for name, line in GENERATED.items():
            if not (data / name).exists():
                (data / name).write_text(line + "\n")
    return wick.Run(data, *market, "--speed", SPEED, *arguments).wait_ready()


def wait_intervals(run, start_ms, intervals):
    """Until so many candles have closed since `start_ms` of the exchange's clock."""
    end_ms = start_ms + intervals * INTERVAL_MS
    wick.wait_until(f"{intervals} candles have closed", 150, lambda: run.exchange_time() >= end_ms)


def stop_and_check(run, database):
    """Ends the run; checks candles, signals and ledger."""
    exchange_ms = run.exchange_time()
    wick.equal(run.stop(), wick.OK, "exit status")
    market = REPLAYED or checks.GeneratedMarket(SYMBOLS, SEED, exchange_ms)
    candles = checks.check_candles(database, market, exchange_ms)
    signals = checks.check_signals(database)
    fills = checks.check_ledger(database, signals)
    print(f"  {candles} candles, {len(signals)} signals, {fills} fills", flush=True)
    first_ms = checks.first_live_candle(database)
    end_ms = exchange_ms - (1 + IN_FLIGHT_INTERVALS) * INTERVAL_MS
    return Decided(first_ms, end_ms, checks.decisions(database, first_ms, end_ms))


def check_alike(runs):
    """Where the candles of the runs overlap, they have decided the same."""
    first_ms = max(run.first_ms for run in runs.values())
    end_ms = min(run.end_ms for run in runs.values())
    overlaps = {name: {row for row in run.decisions if first_ms <= row[2] < end_ms} for name, run in runs.items()}
    expected_name, expected = next(iter(overlaps.items()))
    wick.equal(len(expected) >= COMPARED_MIN, True, "there are signals to compare")
    for name, found in overlaps.items():
        wick.equal((sorted(found - expected)[:5], sorted(expected - found)[:5]), ([], []),
                   f"signals only of '{name}', and only of '{expected_name}'")
    print(f"  {len(expected)} signals in {(end_ms - first_ms) // INTERVAL_MS} intervals, alike in {', '.join(runs)}")
