"""A market is replayed through the whole pipeline: undisturbed, while processes are killed, and split otherwise.
The candles are those of the files, the books balance, and the signals are the same every time."""
# SPDX-License-Identifier: MIT

import database
import pipeline
import wick

CHAOS_INTERVALS = 48
FEWER_ANALYZERS = 3
KILLS_MIN = 5

runs = {}  # what each run has decided


@wick.scenario
def undisturbed(home):
    run = pipeline.start(home / "data")
    pipeline.wait_intervals(run, run.exchange_time(), pipeline.LIVE_INTERVALS)
    runs["undisturbed"] = pipeline.stop_and_check(run, database.Sqlite(run.data / "wick.db"))


@wick.scenario
def killed_every_two_seconds(home):
    run = pipeline.start(home / "data")
    start_ms = run.exchange_time()
    with wick.Chaos(run) as chaos:
        pipeline.wait_intervals(run, start_ms, CHAOS_INTERVALS)
    wick.equal(len(chaos.killed) >= KILLS_MIN, True, "enough was killed")
    pipeline.wait_intervals(run, start_ms, CHAOS_INTERVALS + pipeline.MENDING_INTERVALS)
    runs["killed"] = pipeline.stop_and_check(run, database.Sqlite(run.data / "wick.db"))


@wick.scenario
def fewer_analyzers(home):
    run = pipeline.start(home / "data", "--analyzers", FEWER_ANALYZERS)
    pipeline.wait_intervals(run, run.exchange_time(), pipeline.LIVE_INTERVALS)
    runs["fewer analyzers"] = pipeline.stop_and_check(run, database.Sqlite(run.data / "wick.db"))


@wick.scenario
def signals_are_a_function_of_the_candles(_):
    if len(runs) < 2:
        raise wick.Skipped("there are no two runs to compare")
    pipeline.check_alike(runs)


if __name__ == "__main__":
    wick.main()
