"""The pipeline over PostgreSQL: undisturbed, and while processes and the server itself are killed."""
# SPDX-License-Identifier: MIT

import database
import pipeline
import wick

INTERVALS = 24
KILL_AT, START_AT = 12, 18  # intervals: the server's outage

runs = {}  # what each run has decided


@wick.scenario
def undisturbed(home):
    with database.Postgres(home) as server:
        run = pipeline.start(home / "data", "--database", server.url())
        pipeline.wait_intervals(run, run.exchange_time(), INTERVALS)
        runs["undisturbed"] = pipeline.stop_and_check(run, server)
        check_no_password(run)


@wick.scenario
def server_and_processes_killed(home):
    with database.Postgres(home) as server:
        run = pipeline.start(home / "data", "--database", server.url())
        start_ms = run.exchange_time()
        with wick.Chaos(run):
            pipeline.wait_intervals(run, start_ms, KILL_AT)
            server.kill()
            pipeline.wait_intervals(run, start_ms, START_AT)
            server.start()
            pipeline.wait_intervals(run, start_ms, INTERVALS)
        pipeline.wait_intervals(run, start_ms, INTERVALS + pipeline.MENDING_INTERVALS)
        runs["killed"] = pipeline.stop_and_check(run, server)
        check_no_password(run)


@wick.scenario
def the_same_signals(_):
    if len(runs) < 2:
        raise wick.Skipped("there are no two runs to compare")
    pipeline.check_alike(runs)


def check_no_password(run):
    wick.equal(database.PASSWORD in run.text(), False, "the database's password in the output")
    for path in run.data.rglob("*"):
        if path.is_file() and database.PASSWORD.encode() in path.read_bytes():
            raise AssertionError(f"the database's password stands in {path}")


if __name__ == "__main__":
    wick.main()
