"""wick bench: starts what the measurements need, runs them, and prints each beside its budget.

What one process can measure is in wick-bench (tools/bench); here is what takes several: the tick of the whole pipeline,
the time from start to ready, and the fetch cycle of ccxt. Each row is a ratio to a peer in the same run, or a figure
beside the budget of docs/architecture.md; single figures say more about the machine than about the program.
"""
# SPDX-License-Identifier: MIT

import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenario"))

import database  # noqa: E402
import wick  # noqa: E402

SYMBOLS = 250
FETCH_SPEED = 5000  # of the clock: request weight must not be what is measured
TICK_SPEED = 60  # an interval a second
TICK_INTERVALS = 30
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
WARM_UP_S = 5
IDLE_S = 15
IDLE_FROM_MS, IDLE_BEFORE_MS = 5_000, 40_000  # behind the close of a minute, and well before the next
STORED = 50  # candles of a series at the least
FILL_SPEED = 600
TICK_BUDGET_MS, BARE_CYCLE_MS = 25, 2.7  # on one machine: a tick, and its requests with libcurl alone


REST_ALONE = {"WICK_EXCHANGE__STREAM_URL": "none"}  # what is measured is polling


class Report:
    """The rows, as a table or as JSON lines."""

    def __init__(self, as_json):
        self.as_json = as_json

    def row(self, name, figure, unit, budget, sentence):
        """`budget` None: none is set, the figure is for comparison."""
        word = "" if budget is None else "ok" if figure <= budget else "over"
        limit = "none" if budget is None else f"{budget:.2f}"
        if self.as_json:
            print(json.dumps({"name": name, "figure": figure, "unit": unit, "budget": budget, "verdict": word}), flush=True)
        else:
            print(f"{name:<28} {figure:>9.2f} {unit:<3} budget {limit:>6}  {word:<4} {sentence}", flush=True)

    def left_out(self, name, why):
        if self.as_json:
            print(json.dumps({"name": name, "skipped": str(why)}), flush=True)
        else:
            print(f"{name:<28} left out: {why}", flush=True)

    def heading(self, text):
        if not self.as_json:
            print(f"\n{text}", flush=True)


# ---- processes ----

def cpu_s(pid):
    """CPU time of a process, all its threads; 0 once it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


class Exchange(wick.Program):
    """The simulated exchange alone."""

    def __init__(self, *arguments):
        super().__init__("wick-simulator", "--generate", SYMBOLS, *arguments)
        self.port = int(self.wait_line(r"event=ready.* port=(\d+)", 30).group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def symbols(self):
        _, body = wick.http_get(self.port, "/api/v3/exchangeInfo")
        return [row["symbol"] for row in json.loads(body)["symbols"]]


# ---- what one process measures ----

def run_programs(report, home):
    """wick-bench with an exchange and, where there is one, a PostgreSQL; the fetch cycle's CPU time in ms."""
    exchange = Exchange("--speed", FETCH_SPEED)
    arguments = ["--exchange", exchange.url, "--symbols", ",".join(exchange.symbols())]
    server = None
    try:
        server = database.Postgres(home).start()
        arguments += ["--database", server.url()]
    except wick.Skipped as why:
        report.left_out("PostgreSQL", why)
    try:
        command = [str(wick.PROGRAMS / "wick-bench"), *arguments]
        subprocess.run(command + (["--json"] if report.as_json else []), check=True)
        fetch_beside_ccxt(report, exchange)
    finally:
        exchange.destroy()
        if server:
            server.close()


def fetch_beside_ccxt(report, exchange):
    name = "fetch a cycle, by ccxt"
    script = pathlib.Path(__file__).with_name("ccxt_cycle.mjs")
    if not shutil.which("node") or not (wick.PROJECT / "tests" / "node_modules" / "ccxt").is_dir():
        report.left_out(name, "it needs node and ccxt, which `wick test` installs")
        return
    ours = subprocess.run([wick.PROGRAMS / "wick-bench", "--json", "--exchange", exchange.url, "--symbols",
                           ",".join(exchange.symbols()), "--only", "fetch a cycle"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    ours_ms = json.loads(ours)["ours_ns"] / 1e6
    theirs = subprocess.run(["node", script, exchange.url], check=True, stdout=subprocess.PIPE, text=True,
                            cwd=script.parents[1]).stdout
    ccxt_ms = json.loads(theirs)["cpu_ms"]
    report.row("fetch a cycle / ccxt's", ours_ms / ccxt_ms, "", 1 / 11,
               f"255 requests and all rows read: {ours_ms:.1f} ms CPU beside ccxt's {ccxt_ms:.1f}")
    report.row("fetch a cycle, CPU", ours_ms, "ms", 8, "the same, as it is on this machine")


# ---- the whole tick ----

def start_tick(home, speed):
    """A run with 20 analyzers that has settled, and its processes but the simulated exchange."""
    run = wick.Run(home / f"tick-{speed}", "--symbols", SYMBOLS, "--analyzers", 20, "--speed", speed,
                   environment={"WICK_MARKET__TICK_MS": 60000, **REST_ALONE}).wait_ready()
    time.sleep(WARM_UP_S)
    return run, [row for row in run.processes().values() if row["role"] != "simulator"]


def idle_ms(home):
    """CPU of all processes in a second in which no candle closes, by role: leases, health checks, reports."""
    run, rows = start_tick(home, 1)
    wick.wait_until("the next interval has begun", 90, lambda: IDLE_FROM_MS <= run.exchange_time() % 60000 < IDLE_BEFORE_MS)
    before = cpu_by_role(rows)
    time.sleep(IDLE_S)
    after = cpu_by_role(rows)
    run.stop()
    return {role: (after[role] - before[role]) * 1000 / IDLE_S for role in before}


def bare_cycle_ms():
    """CPU of the requests of a tick with libcurl alone: the machine's own measure of what a tick must cost."""
    exchange = Exchange("--speed", FETCH_SPEED)
    try:
        told = subprocess.run([wick.PROGRAMS / "wick-bench", "--json", "--exchange", exchange.url, "--symbols",
                               ",".join(exchange.symbols()), "--only", "fetch a cycle"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
    finally:
        exchange.destroy()
    return json.loads(told)["peer_ns"] / 1e6


def whole_tick(report, home):
    """CPU of all processes for one interval of 250 series and one poll of the tickers, above what they use idle."""
    idle = idle_ms(home)
    run, rows = start_tick(home, TICK_SPEED)
    before, start_s, start_ms = cpu_by_role(rows), time.monotonic(), run.exchange_time()
    wick.wait_until("the intervals are over", 120, lambda: run.exchange_time() >= start_ms + TICK_INTERVALS * 60000)
    after, intervals = cpu_by_role(rows), (run.exchange_time() - start_ms) / 60000
    passed_s = time.monotonic() - start_s
    memory_mb = sum(proportional_kb(row["pid"]) for row in rows) / 1024
    run.stop()
    used = {role: ((after[role] - before[role]) * 1000 - idle[role] * passed_s) / intervals for role in before}
    bare_ms = bare_cycle_ms()
    report.row("whole tick, CPU", sum(used.values()), "ms", TICK_BUDGET_MS, by_role(used))
    report.row("whole tick / bare requests", sum(used.values()) / bare_ms, "", TICK_BUDGET_MS / BARE_CYCLE_MS,
               f"the same on any machine: beside {bare_ms:.1f} ms of libcurl alone")
    report.row("idle, CPU of a second", sum(idle.values()), "ms", None, by_role(idle))
    report.row("memory, PSS", memory_mb, "MB", 100, f"{len(rows)} processes")


def by_role(figures):
    return ", ".join(f"{role} {figure:.1f}" for role, figure in figures.items())


def cpu_by_role(rows):
    used = collections.Counter()
    for row in rows:
        used[row["role"]] += cpu_s(row["pid"])
    return used


# ---- start to ready ----

def start_to_ready(report, home, symbols):
    """The fetcher's time from its start to ready, over a store that has the newest candles of every series: a first run
    at high speed fills it, a second one at the speed of life goes on at the same moment of the exchange's clock."""
    data = home / f"ready-{symbols}"
    short = {"WICK_MARKET__INTERVALS": "1h", "WICK_MARKET__HISTORY": STORED, "WICK_MARKET__TICK_MS": 60000, **REST_ALONE}
    for speed in (FILL_SPEED, 1):
        run = wick.Run(data, "--symbols", symbols, "--analyzers", 2, "--speed", speed, environment=short).wait_ready(180)
        time.sleep(WARM_UP_S if speed != 1 else 0)
        run.stop(60)
    report.row(f"start to ready, {symbols}", ready_after_s(data), "s", 1.0 if symbols == SYMBOLS else None,
               f"the fetcher, {stored_candles(data)} candles taken from the store")


def fetcher_log(data):
    """The lines of the fetcher's newest life."""
    newest = max((data / "log").glob("fetcher*"), key=lambda path: path.stat().st_mtime)
    lines = newest.read_text().splitlines()
    first = max(index for index, line in enumerate(lines) if " event=started " in line)
    return lines[first:]


def ready_after_s(data):
    lines = fetcher_log(data)
    ready = next(line for line in lines if " event=status status=ready " in line)
    times = [datetime.datetime.strptime(line.split()[0], "time=%Y-%m-%dT%H:%M:%S.%fZ") for line in (lines[0], ready)]
    return (times[1] - times[0]).total_seconds()


def stored_candles(data):
    return next(re.search(r"candles_from_store=(\d+)", line).group(1) for line in fetcher_log(data)
                if " event=following " in line)


def proportional_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1))


def main():
    parser = argparse.ArgumentParser(prog="wick bench", description="Measures Wick beside peers and budgets.")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument("programs", help=argparse.SUPPRESS)
    given = parser.parse_args()
    wick.PROGRAMS = pathlib.Path(given.programs).resolve()
    report = Report(given.json)
    home = pathlib.Path(tempfile.mkdtemp(prefix="wick-bench-"))
    try:
        run_programs(report, home)
        report.heading("the whole system")
        whole_tick(report, home)
        start_to_ready(report, home, SYMBOLS)
        start_to_ready(report, home, 10000)
    finally:
        for program in list(wick.Program.running):
            program.destroy()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
