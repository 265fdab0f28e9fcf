"""Every command and every query that the pages show is run as it stands there, in the place of a user.

A command is what begins with ./wick, wick-..., sqlite3, psql or curl, in a block or between back-ticks. Only what cannot
be the same is replaced: ports, the placeholder DIR, the password; and what runs for ever is stopped once it is ready."""
# SPDX-License-Identifier: MIT

import json
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess

import candle_store
import database
import wick

PAGES = [wick.PROJECT / "README.md", wick.PROJECT / "CONTRIBUTING.md", *sorted((wick.PROJECT / "docs").glob("*.md"))]
COMMAND = re.compile(r"\./wick |wick-[a-z]+ |sqlite3 |psql |curl ")

# What is not run, and why.
LEFT_OUT = {
    "./wick test": "it would run this test",
    "./wick test --help": "an installation, which is what the commands run in, has no tests",
    "./wick test --long": "the same; it takes hours",
    "./wick build": "an installation has no source; every test runs what it builds",
    "./wick VERB --help": "stands for each of the verbs; tests/contract/programs.py runs them",
}
LEFT_OUT_IF = (
    (r"wick-pages [a-z]+", "says what printed a page; tests/tidy runs it"),
)


def blocks(text):
    """The indented blocks of a page, each as one text."""
    return ["\n".join(line[4:] for line in block.splitlines())
            for block in re.findall(r"(?m)(?:^    .*\n)+", text)]


def commands_of(text):
    """The commands of a page, without the remark that may stand behind them, in the order of the page."""
    found = []
    for block in blocks(text):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if COMMAND.match(line):
                found.append(re.split(r"\s{2,}(?!-)", line.strip())[0])
    inline = [command for command in re.findall(r"`([^`\n]+)`", text) if COMMAND.match(command + " ")]
    return found + [command for command in inline if " " in command]


def queries_of(text):
    return [query.strip() for block in blocks(text) if block.startswith("-- ")
            for query in re.findall(r"(?s)[^;]+;", block)]


def reason_to_leave_out(command):
    if command in LEFT_OUT:
        return LEFT_OUT[command]
    return next((reason for pattern, reason in LEFT_OUT_IF if re.fullmatch(pattern, command)), None)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Desk:
    """A user's working directory: ./wick of an installation, a run in ./data, a directory of candle files."""

    def __init__(self, home):
        self.home = home
        shutil.copy(wick.PROJECT / "wick", home / "wick")
        self.candles = home / "candles"
        rows = [f"{candle_store.START + minute * candle_store.MINUTE},10.5,11,10.01,10.25,3.5" for minute in range(600)]
        candle_store.write(self.candles / "BTCUSDT_1m.csv", candle_store.OWN_HEADER, *rows)
        candle_store.write(self.candles / "ETHUSDT_1m.csv", candle_store.OWN_HEADER, *rows)
        self.simulator_port, self.stream_port = free_ports(2)
        (home / "imported").mkdir()
        self.run = self.background = None

    def command(self, text):
        """The command with what differs here."""
        for old, new in ((":9000", f":{self.simulator_port}"), ("--port 9000", f"--port {self.simulator_port}"),
                         ("--stream-port 9001", f"--stream-port {self.stream_port}"),
                         (":8080", f":{self.run.port}"), ('"..."', json.dumps(self.run.password())),
                         ("sqlite3 wick.db", "sqlite3 data/wick.db")):
            text = text.replace(old, new)
        text = re.sub(r"--replay DIR\b", f"--replay {self.candles}", text)
        text = re.sub(r"--data DIR\b", "--data another", text)
        text = re.sub(r"import DIR\b", f"import --data imported {self.candles}", text)
        return re.sub(r"curl ", "curl --fail --silent --show-error ", text)

    def environment(self):
        return wick.clean_environment({"PATH": f"{wick.PROGRAMS}:/usr/bin:/bin", "WICK_DASHBOARD__PORT": free_ports(1)[0]})

    def start(self, text):
        """Starts what runs until it is stopped, and waits until it says that it is ready."""
        self.stop_background()
        process = subprocess.Popen(["bash", "-c", f"exec {text}"], cwd=self.home, env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.background = process
        lines = []
        for line in process.stdout:
            lines.append(line)
            if re.search(r"event=ready|^ready after", line):
                return
        raise AssertionError(f"{text} ended before it was ready:\n{''.join(lines)}")

    def stop_background(self):
        if self.background is not None:
            self.background.terminate()
            self.background.communicate(timeout=wick.STOP_S)
            wick.equal(self.background.returncode, wick.OK, "exit status of what was started before")
        self.background = None

    def perform(self, command):
        text = self.command(command)
        words = shlex.split(text)
        if words[:2] == ["./wick", "up"] and "--help" not in words:
            self.start(f"{text} --symbols 5 --analyzers 1" + ("" if "--data" in words else " --data second"))
        elif words[:2] == ["./wick", "simulator"] and "--help" not in words:
            self.start(text)
        else:
            done = subprocess.run(["bash", "-c", text], cwd=self.home, env=self.environment(), text=True, timeout=60,
                                  input="correct horse battery\n", capture_output=True, check=False)
            wick.equal(done.returncode, wick.OK, f"exit status of `{text}`; it wrote\n{done.stdout[-1500:]}{done.stderr}")


@wick.scenario
def every_command_of_the_pages(home):
    if shutil.which("curl") is None or shutil.which("sqlite3") is None:
        raise wick.Skipped("there is no curl or no sqlite3")
    desk = Desk(home)
    desk.run = wick.Run(home / "data", "--symbols", 10, "--analyzers", 2, "--speed", 300).wait_ready()
    candle_store_is_filled(desk)
    done = set()
    for page in PAGES:
        for command in commands_of(page.read_text()):
            reason = reason_to_leave_out(command)
            if command not in done:
                print(f"  {page.name}: {command}" + (f" -- left out: {reason}" if reason else ""), flush=True)
            if command not in done and reason is None:
                desk.perform(command)
            done.add(command)
    desk.stop_background()
    wick.equal(len(done) >= 20, True, f"{len(done)} commands were found")
    wick.equal(desk.run.stop(), wick.OK, "exit status of the run")
    every_query_finds_something(home)


def candle_store_is_filled(desk):
    base = database.Sqlite(desk.home / "data" / "wick.db")
    wick.wait_until("there was a sale", 90, lambda: base.rows("SELECT 1 FROM v_fills WHERE side = 'sell' LIMIT 1"))


def every_query_finds_something(home):
    base = database.Sqlite(home / "data" / "wick.db")
    with sqlite3.connect(home / "data" / "wick.db") as writer:  # a hole
        writer.execute("DELETE FROM candles WHERE open_time_ms = (SELECT max(open_time_ms) FROM candles) - 600000")
    writer.close()
    queries = [query for page in PAGES for query in queries_of(page.read_text())]
    wick.equal(len(queries) >= 5, True, f"{len(queries)} queries were found")
    for query in queries:
        print(f"  {query.splitlines()[0]}", flush=True)
        wick.equal(base.rows(query) != [], True, f"this finds something: {query}")


if __name__ == "__main__":
    wick.main()
