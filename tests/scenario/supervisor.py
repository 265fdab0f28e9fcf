"""`wick up` itself: its end, its children's ends, what it says about them, and the next start."""
# SPDX-License-Identifier: MIT

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import checks
import database
import wick

SMALL_SYMBOLS = 10
SMALL = ["--symbols", SMALL_SYMBOLS, "--analyzers", 2]
MEMORY_AIM_MB, MEMORY_LIMIT_MB = 100, 200


@wick.scenario
def killed_leaves_nothing(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    wick.equal(len(wick.descendants(run.pid)) >= 7, True, "there are children")
    run.signal(signal.SIGKILL)
    wick.equal(run.wait_end(), -signal.SIGKILL, "exit status")  # and no process is left
    again = wick.Run(home / "data", *SMALL).wait_ready()
    wick.equal(again.stop(), wick.OK, "exit status of the next run")


@wick.scenario
def asked_to_stop(home):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = wick.Run(home / "data", *SMALL).wait_ready()
        run.signal(number)
        wick.equal(run.wait_end(8), wick.OK, f"exit status after {number.name}")
        wick.equal((run.data / "run.json").exists(), False, "run.json is left")
    run = wick.Run(home / "data", *SMALL)
    run.wait_line("^starting", 10)
    wick.equal(run.stop(), wick.OK, "exit status when stopped while starting")
    wick.contains(run.text(), "stopped before it was ready; data in |ran for ")


@wick.scenario
def ends_by_itself(home):
    run = wick.Run(home / "data", *SMALL, "--for", 2).wait_ready()
    wick.equal(run.wait_end(2 + wick.STOP_S), wick.OK, "exit status")


@wick.scenario
def every_child_is_started_again(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    for name in sorted(run.processes()):
        old_pid = run.kill(name)
        new_pid = run.wait_restart(name, old_pid)
        wick.contains(run.wait_line(rf"{name}: (.*)", 10).group(1), r"killed by signal 9", f"line about {name}")
        row = run.processes()[name]
        wick.equal((row["restarts"], row["pid"]), (1, new_pid), f"restarts and pid of {name}")
    wick.wait_until("all are ready again", 30, lambda: status_of(run)["ready"])
    wick.equal(run.stop(), wick.OK, "exit status")


@wick.scenario
def a_data_directory_that_cannot_be_written_to_ends_nothing(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    blocked = [run.data / f"{name}.next" for name in ("run.json", "simulator-clock")]
    for path in blocked:  # where the file would be written that is renamed, so nothing can be: as on a full disk
        wick.wait_until(f"{path} is free", 10, lambda path=path: make_directory(path))
    old_pid = run.kill("trader")
    wick.contains(run.wait_line(r"^write .*: (.*); trying again", 10).group(1), "Is a directory", "the cause")
    for path in blocked:
        path.rmdir()
    run.wait_line("data can be written to again$", 10)
    run.wait_restart("trader", old_pid)
    wick.equal(len(re.findall("trying again", run.text())), 1, "lines about it")
    wick.equal(run.stop(), wick.OK, "exit status")


def make_directory(path):
    try:
        path.mkdir()
    except FileExistsError:  # it is being written
        return False
    return True


@wick.scenario
def one_that_cannot_start_ends_the_run(home):
    run = wick.Run(home / "data", *SMALL, "--database", "postgresql://host/database?nonsense=1")
    wick.equal(run.wait_end(60), wick.BAD_CONFIGURATION, "exit status")
    wick.contains(run.text(), "persister ended .*")
    wick.contains(run.text(), "no URL of a PostgreSQL database")


def status_of(run):
    status, text = wick.run_program("wick-status", "--json", "--data", run.data)
    wick.equal(status, wick.OK, "exit status of wick-status")
    return json.loads(text)


@wick.scenario
def tells_how_it_is(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    told = status_of(run)
    wick.equal((told["pid"], told["ready"], told["url"]), (run.pid, True, f"http://127.0.0.1:{run.port}"), "status")
    wick.equal(sorted(row["name"] for row in told["processes"]),
               sorted(["simulator", "persister", "fetcher", "trader", "analyzer-01", "analyzer-02", "dashboard"]),
               "processes")
    wick.equal({row["pid"] for row in told["processes"]}, {row["pid"] for row in run.processes().values()}, "pids")
    for row in told["processes"]:
        if row["state"] != "ready" or row["memory_bytes"] <= 0 or row["restarts"] != 0:
            raise AssertionError(f"not as expected: {row}")
        if row["role"] == "fetcher":
            wick.contains(row["detail"], r"\d+ symbols, \d+ series; streams \d+ of \d+")
    status, text = wick.run_program("wick-status", "--data", run.data)
    wick.equal(status, wick.OK, "exit status of the plain form")
    wick.contains(text, r"7 of 7 ready, [\d.]+ MB in all")
    for row in run.processes().values():
        if row["role"] != "simulator":
            wick.equal(wick.http_get(row["health_port"], "/healthz")[0], 200, f"/healthz of {row['name']}")
    wick.equal(wick.http_get(run.port, "/healthz")[0], 200, "/healthz of the dashboard's own port")
    wick.equal(run.stop(), wick.OK, "exit status")


class OnTerminal:
    """A run on a terminal of so many columns, and what it has drawn there since it was last resized."""

    def __init__(self, data, columns):
        self.ours, theirs = pty.openpty()
        os.set_blocking(self.ours, False)
        self.resize(columns)
        self.process = subprocess.Popen(
            [wick.PROGRAMS / "wick-up", "--data", data, "--port", str(wick.free_port()), *map(str, SMALL)], stdin=theirs,
            stdout=theirs, stderr=theirs, env=wick.clean_environment(wick.NO_FILL), start_new_session=True)
        os.close(theirs)

    def resize(self, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.drawn = ""

    def wait_drawn(self, pattern):
        def look():
            try:
                self.drawn += os.read(self.ours, 65536).decode()
            except (BlockingIOError, OSError):  # nothing yet, or all has been read
                pass
            return re.search(pattern, self.drawn)
        wick.wait_until(f"{pattern!r} is drawn; drawn is {self.drawn!r}", wick.READY_S, look)

    def status_lines(self):
        return re.findall(r"\x1b\[J([^\r\n]+)(?=[\r\n])", self.drawn)


@wick.scenario
def the_status_line_fits_its_terminal(home):
    run = OnTerminal(home / "data", 60)
    try:
        run.wait_drawn(r"ready  SIMULATED x20  PAPER  .*equity .*\r.*equity .*\r")
        wick.equal([line for line in run.status_lines() if len(line) > 59], [], "lines that do not fit 60 columns")
        run.resize(30)
        run.wait_drawn(r"ready  SIMULATED x20  PAPER\r")
        wick.contains(run.drawn, r"\x1b\[1A\r\x1b\[J")  # the line that was broken into two is erased
        wick.equal(run.status_lines()[-1], "ready  SIMULATED x20  PAPER", "the line in 30 columns")
        run.resize(200)
        run.wait_drawn(r"ready  SIMULATED x20  PAPER  10 symbols .* MB  \d\d:\d\d\r")
        run.process.send_signal(signal.SIGINT)
        run.wait_drawn(r"\x1b\[Jran for .*\r\ndata in ")
        wick.equal(run.process.wait(wick.STOP_S), wick.OK, "exit status")
    finally:
        run.process.kill()
        run.process.wait()
        os.close(run.ours)


@wick.scenario
def what_is_not_known_is_not_told(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    wick.wait_until("the equity is known", 20, lambda: status_of(run)["equity"])
    trader = run.processes()["trader"]["pid"]
    os.kill(trader, signal.SIGSTOP)
    wick.wait_until("the trader's silence has an age", 20, lambda: next(
        row["silent_s"] for row in status_of(run)["processes"] if row["name"] == "trader"))
    wick.equal(status_of(run)["equity"], None, "equity")
    _, text = wick.run_program("wick-status", "--data", run.data)
    wick.contains(text, r"trader +silent \d+ s ")
    wick.contains(text, r"- signals, equity -")
    os.kill(trader, signal.SIGCONT)
    wick.wait_until("the equity is known again", 20, lambda: status_of(run)["equity"])
    wick.equal(run.stop(), wick.OK, "exit status")
    wick.contains(run.text(), r"ran for \d\d:\d\d: \d+ candles, \d+ signals, \d+ trades, net .* USDT, PAPER, SIMULATED\ndata in .*/data")


@wick.scenario
def the_second_start_goes_on(home):
    arguments = [*SMALL, "--speed", 300]
    first = wick.Run(home / "data", *arguments).wait_ready()
    base = database.Sqlite(first.data / "wick.db")
    wick.wait_until("something is held", 60, lambda: base.rows("SELECT symbol FROM v_positions"))
    wick.equal(first.stop(), wick.OK, "exit status of the first")
    candles = set(base.rows("SELECT symbol, open_time_ms, close FROM v_candles"))
    fills = set(base.rows("SELECT * FROM v_fills"))

    started = time.monotonic()
    second = wick.Run(home / "data", *arguments).wait_ready()
    print(f"  the second start was ready after {time.monotonic() - started:.2f} s")
    signals = second.metrics("trader").get("signals_total", 0)
    wick.wait_until("new signals come", 30, lambda: second.metrics("trader").get("signals_total", 0) > signals)
    exchange_ms = second.exchange_time()
    wick.equal(second.stop(), wick.OK, "exit status of the second")
    wick.equal(candles <= set(base.rows("SELECT symbol, open_time_ms, close FROM v_candles")), True, "candles stay")
    wick.equal(fills <= set(base.rows("SELECT * FROM v_fills")), True, "fills stay")
    seed = (second.data / "market").read_text().split()[2]
    checks.check_candles(base, checks.GeneratedMarket(SMALL_SYMBOLS, seed, exchange_ms), exchange_ms)
    checks.check_ledger(base, checks.check_signals(base))


@wick.scenario
def memory_of_all_processes(home):
    run = wick.Run(home / "data", "--symbols", 250).wait_ready()
    wick.wait_until("candles were analysed", 60, lambda: run.metrics("trader").get("signals_total", 0) > 0)
    told = status_of(run)
    wick.equal(len(told["processes"]), 25, "processes")
    by_role = {}
    for row in told["processes"]:
        by_role[row["role"]] = by_role.get(row["role"], 0) + row["memory_bytes"] / 1e6
    total = told["memory_bytes"] / 1e6
    print(f"  PSS {total:.1f} MB of {MEMORY_AIM_MB} aimed at: "
          + ", ".join(f"{role} {value:.1f}" for role, value in by_role.items()))
    wick.equal(total < MEMORY_LIMIT_MB, True, f"{total:.1f} MB is less than {MEMORY_LIMIT_MB}")
    wick.equal(run.stop(), wick.OK, "exit status")


if __name__ == "__main__":
    wick.main()
