"""wick bench: starts what the measurements need, runs them, and prints each beside its budget.

What one process can measure is in wick-bench (tools/bench); here is what takes several: the tick of the whole pipeline,
the time from start to ready, and the fetch cycle of ccxt. Each row is a ratio to a peer in the same run, or a figure
beside the budget of docs/architecture.md; single figures say more about the machine than about the program.
"""
# SPDX-License-Identifier: MIT

import argparse
import http.client
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


class Report:
    """The rows, as a table or as JSON lines."""

    def __init__(self, as_json):
        self.as_json = as_json

    def row(self, name, figure, unit, budget, sentence):
        good = figure <= budget
        if self.as_json:
            print(json.dumps({"name": name, "figure": figure, "unit": unit, "budget": budget, "ok": good}), flush=True)
        else:
            print(f"{name:<28} {figure:>10.2f} {unit:<6} budget {budget:>8.2f}  {'ok' if good else 'over':<5} {sentence}",
                  flush=True)

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

def whole_tick(report, home):
    """CPU of all processes but the simulated exchange, for one interval of 250 series and one poll of the tickers."""
    run = wick.Run(home / "tick", "--symbols", SYMBOLS, "--analyzers", 20, "--speed", TICK_SPEED,
                   environment={"WICK_MARKET__TICK_MS": 60000, **REST_ALONE}).wait_ready()
    time.sleep(WARM_UP_S)
    pids = [row["pid"] for name, row in run.processes().items() if row["role"] != "simulator"]
    start_s, start_ms = sum(map(cpu_s, pids)), run.exchange_time()
    wick.wait_until("the intervals are over", 120, lambda: run.exchange_time() >= start_ms + TICK_INTERVALS * 60000)
    used_s, intervals = sum(map(cpu_s, pids)) - start_s, (run.exchange_time() - start_ms) / 60000
    memory_mb = sum(proportional_kb(pid) for pid in pids) / 1024
    run.stop()
    report.row("whole tick, CPU", used_s * 1000 / intervals, "ms", 25,
               f"{len(pids)} processes, a second of their leases and health checks too; {intervals:.0f} ticks")
    report.row("memory, PSS", memory_mb, "MB", 100, f"{len(pids)} processes")


def proportional_kb(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE).group(1))


REST_ALONE = {"WICK_EXCHANGE__STREAM_URL": "none"}


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
    finally:
        for program in list(wick.Program.running):
            program.destroy()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
