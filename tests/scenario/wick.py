"""Starts Wick's real programs for the scenarios, watches them, and makes sure that nothing of them is left.

A scenario is a function of one argument, a fresh directory, marked with @scenario; a file of scenarios ends with
wick.main(). A failed scenario keeps its directory, with all data and logs, and prints its path.
"""
# SPDX-License-Identifier: MIT

import collections
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

PROJECT = pathlib.Path(__file__).resolve().parents[2]
REPLAY = PROJECT.parent / "shared" / "market" / "binance_spot_5m_wide_2024-12"
PROGRAMS = None  # the directory of the programs under test; set by main()

OK, FAILED, USAGE, NOT_RUNNING, BAD_CONFIGURATION, TIMED_OUT = 0, 1, 2, 3, 4, 5  # exit statuses

SKIP_STATUS = 77
# History below what strategies need is filled in only where a scenario is about that: its truth would be long.
NO_FILL = {"WICK_MARKET__DEPTH_DAYS": 0}

READY_S = 90  # a run is ready within this time on a loaded machine
STOP_S = 20  # and has stopped within this
POLL_S = 0.02

CRASH = re.compile(r"^.*(Sanitizer: |runtime error: |Assertion .* failed).*$", re.MULTILINE)
PASSED_ON = re.compile(r"PATH|HOME|LANG|TMPDIR|LD_LIBRARY_PATH|[A-Z]+SAN_OPTIONS")


class Skipped(Exception):
    """What this scenario needs is not on this machine."""


# ---- waiting ----

def wait_until(what, seconds, condition):
    """Polls until condition() is true and returns it; fails with `what` when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_S)


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r}, expected {expected!r}")


def contains(text, pattern, what="output"):
    if not re.search(pattern, text):
        raise AssertionError(f"{what} has no match for {pattern!r}:\n{text[-4000:]}")


# ---- ports ----

def free_port():
    """A port that nothing listens on, below those that the kernel hands out."""
    while True:
        port = random.SystemRandom().randrange(10000, 20000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


# ---- processes ----

def process_stat(pid):
    """(parent, start time) of a process that runs, or None."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[19]))


def descendants(pid):
    """All processes below this one, as (pid, start time), which no later process shares."""
    below = collections.defaultdict(list)
    for entry in os.listdir("/proc"):
        stat = process_stat(entry) if entry.isdigit() else None
        if stat:
            below[stat[0]].append((int(entry), stat[1]))
    found, waiting = [], [pid]
    while waiting:
        children = below[waiting.pop()]
        found += children
        waiting += [child for child, _ in children]
    return found


def still_running(processes):
    return [pid for pid, started in processes if (process_stat(pid) or (0, None))[1] == started]


def clean_environment(extra):
    base = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return base | {name: str(value) for name, value in (extra or {}).items()}


class Program:
    """One of Wick's programs: what it writes, line by line, and how it ends."""

    running = []  # all that were not waited for; main() ends them

    def __init__(self, name, *arguments, environment=None, directory=None):
        self.name = name
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(PROGRAMS / name), *map(str, arguments)], env=clean_environment(environment), cwd=directory,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        Program.running.append(self)

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()

    def text(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_line(self, pattern, seconds):
        """The match of the first line that has one."""
        def search():
            return next((found for found in map(re.compile(pattern).search, list(self.lines)) if found), None)
        def settled():
            return search() or self.process.poll() is not None
        wait_until(f"a line like {pattern!r} of {self.name}; it wrote:\n{self.text()[-4000:]}", seconds, settled)
        self.reader.join(1 if self.process.poll() is not None else 0)
        found = search()
        if not found:
            raise AssertionError(f"{self.name} ended with {self.process.poll()} without {pattern!r}:\n{self.text()}")
        return found

    def wait_end(self, seconds):
        """The exit status; it is an error when it does not end, or leaves a process behind."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} has not ended in {seconds:.0f} s:\n{self.text()[-4000:]}") from None
        self.reader.join(5)
        Program.running.remove(self)
        return status

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, seconds=STOP_S):
        """Ctrl-C."""
        self.signal(signal.SIGINT)
        return self.wait_end(seconds)

    def destroy(self):
        below = descendants(self.pid)
        self.process.kill()
        self.process.wait()
        for pid in still_running(below):
            os.kill(pid, signal.SIGKILL)
        Program.running.remove(self)


def run_program(name, *arguments, environment=None, directory=None, seconds=30):
    """Runs a program to its end: (exit status, all it wrote)."""
    program = Program(name, *arguments, environment=environment, directory=directory)
    status = program.wait_end(seconds)
    return status, program.text()


class Run(Program):
    """`wick up` with its own data directory and port."""

    def __init__(self, data, *arguments, environment=None, port=None, directory=None):
        self.data = pathlib.Path(data)
        self.port = port or free_port()
        self.ever_ran = set()  # every process seen in this run
        self.kills = 0
        super().__init__("wick-up", "--data", self.data, "--port", self.port, *arguments,
                         environment=NO_FILL | (environment or {}), directory=directory)

    def wait_ready(self, seconds=READY_S):
        self.wait_line(r"^ready after", seconds)
        self.ever_ran.update(descendants(self.pid))
        return self

    def wait_end(self, seconds=STOP_S):
        self.ever_ran.update(descendants(self.pid))
        status = super().wait_end(seconds)
        wait_until(f"no process left of {self.data}", 5, lambda: not still_running(self.ever_ran))
        for path in self.data.glob("log/*"):
            if found := CRASH.search(path.read_text("utf-8", "replace")):
                raise AssertionError(f"{path}: {found.group(0)}")
        return status

    def stop(self, seconds=STOP_S):
        """Ctrl-C, after a look whether anything has died that nobody killed."""
        restarts = {row["name"]: row["restarts"] for row in self.rows() if row["restarts"]}
        if sum(restarts.values()) > self.kills:
            raise AssertionError(f"{self.kills} were killed, but started again were {restarts}:\n{self.text()[-4000:]}")
        return super().stop(seconds)

    def rows(self):
        """The processes in DATA/run.json."""
        return json.loads((self.data / "run.json").read_text())["processes"]

    def processes(self):
        """Those that run now: name -> row."""
        return {row["name"]: row for row in self.rows() if row["pid"]}

    def kill(self, name):
        """SIGKILL; returns the pid that is no more."""
        pid = self.processes()[name]["pid"]
        self.ever_ran.update(descendants(self.pid))
        os.kill(pid, signal.SIGKILL)
        self.kills += 1
        return pid

    def wait_restart(self, name, old_pid, seconds=10):
        """The pid of its next life."""
        wait_until(f"{name} is started again", seconds,
                   lambda: self.processes().get(name, {"pid": old_pid})["pid"] != old_pid)
        return self.processes()[name]["pid"]

    def metrics(self, name):
        """The metrics of one process, without their prefix; {} while it does not answer."""
        try:
            _, body = http_get(self.processes()[name]["health_port"], "/metrics")
        except (OSError, KeyError, http.client.HTTPException):
            return {}
        found = re.findall(r"^wick_(\w+)(?:\{[^}]*\})? (\S+)$", body, re.MULTILINE)
        return {key: float(value) for key, value in found}

    def exchange_port(self):
        return next(row["health_port"] for row in self.rows() if row["role"] == "simulator")

    def exchange_time(self):
        """What the simulated exchange's clock shows, in ms; waits while it is being started again."""
        return exchange_time(self.exchange_port())

    def password(self):
        return self.wait_line(r"password\s+(\S+)$", 10).group(1)


class Chaos:
    """Kills a random process of a run with SIGKILL every `period` seconds until it is told to stop."""

    def __init__(self, run, period=2.0, seed=None):
        self.run, self.period = run, period
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
        self.random = random.Random(self.seed)
        self.killed = []
        self.roles = []  # those whose turn is still to come: each role is killed as often as another
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        print(f"  chaos with seed {self.seed}", flush=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        print(f"  killed: {' '.join(self.killed)}", flush=True)

    def _work(self):
        while not self.over.wait(self.period):
            try:
                self._kill_one()
            except (OSError, ValueError, KeyError, IndexError):
                continue  # it had just died, or run.json is being replaced

    def _kill_one(self):
        by_role = collections.defaultdict(list)
        for name, row in self.run.processes().items():
            by_role[row["role"]].append(name)
        if not self.roles:
            self.roles = self.random.sample(sorted(by_role), len(by_role))
        name = self.random.choice(sorted(by_role[self.roles.pop()]))
        self.run.kill(name)
        self.killed.append(name)


# ---- HTTP ----

def http_get(port, path, headers=None, method="GET", body=None, seconds=10):
    """(status, body) of one request to a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


def exchange_time(port, seconds=20):
    def ask():
        try:
            status, body = http_get(port, "/api/v3/time")
        except (OSError, http.client.HTTPException):
            return None
        return json.loads(body)["serverTime"] if status == 200 else None
    return wait_until("the simulated exchange tells the time", seconds, ask)


# ---- the scenarios of a file ----

scenarios = []


def scenario(function):
    scenarios.append(function)
    return function


def _finish_all(failed):
    for program in list(Program.running):
        if failed:
            print(f"---- last lines of {program.name}:\n{program.text()[-3000:]}", flush=True)
        program.destroy()


def _run(function):
    """True, False, or None for skipped."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="wick-scenario-"))
    started = time.monotonic()
    outcome = False
    try:
        function(home)
        outcome = True
    except Skipped as why:
        outcome = None
        print(f"SKIPPED: {function.__name__}: {why}", flush=True)
    except Exception:  # noqa: BLE001 -- whatever it was, the scenario failed
        traceback.print_exc(file=sys.stdout)
    finally:
        _finish_all(outcome is False)
    word = {True: "passed", False: "FAILED", None: "skipped"}[outcome]
    print(f"{function.__name__}: {word} after {time.monotonic() - started:.1f} s", flush=True)
    if outcome is False:
        print(f"  its data and logs: {home}", flush=True)
    else:
        shutil.rmtree(home, ignore_errors=True)
    return outcome


def main():
    """usage: FILE [DIRECTORY_OF_PROGRAMS [SCENARIO...]]; the directory may also be given as WICK_BIN."""
    global PROGRAMS
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WICK_BIN", PROJECT / "build" / "dev" / "bin")
    PROGRAMS = pathlib.Path(given).resolve()
    wanted = sys.argv[2:]
    outcomes = [_run(function) for function in scenarios if not wanted or function.__name__ in wanted]
    if not outcomes or False in outcomes:
        sys.exit(1)
    sys.exit(0 if True in outcomes else SKIP_STATUS)
