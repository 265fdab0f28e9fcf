"""What a person gets wrong, or a machine refuses: a clear message and the right exit status, no hang, nothing left."""
# SPDX-License-Identifier: MIT

import gzip
import os
import signal
import socket

import database
import wick

SMALL = ["--symbols", 3, "--analyzers", 1]
HEADER = "open_time_ms,open,high,low,close,volume\n"


def refused(home, *arguments, status, environment=None, port=None):
    """Runs `wick up`, which must end by itself with this status; returns what it wrote."""
    run = wick.Run(home / "data", *arguments, environment=environment, port=port)
    wick.equal(run.wait_end(60), status, f"exit status of {arguments} with {environment}; it wrote:\n{run.text()}\n")
    return run.text()


def listener(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


# ---- arguments and configuration ----

@wick.scenario
def unknown_options(home):
    for name in ("wick-up", "wick-status", "wick-simulator", "wick-fetcher", "wick-config"):
        status, text = wick.run_program(name, "--no-such-option", "1", directory=home)
        wick.equal(status, wick.USAGE, f"exit status of {name}")
        wick.contains(text, "no-such-option|usage", f"message of {name}")
    for arguments in (["--speed", "fast"], ["--speed", "0"], ["--port", "65536"], ["--analyzers", "-1"], ["--for"],
                      ["stray"], ["--exchange", "binance", "--replay", "."]):
        status, text = wick.run_program("wick-up", *arguments, directory=home)
        wick.equal(status, wick.USAGE, f"exit status of {arguments}")
        wick.contains(text, arguments[0].lstrip("-"), "message")
    wick.equal(list(home.iterdir()), [], "what was written all the same")


@wick.scenario
def bad_configuration_is_told_at_once(home):
    file = home / "wick.yaml"
    file.write_text("market:\n  max_symbols: many\n  tick_seconds: 2\nlimits:\n  open_positions: 0\n"
                    "exchange:\n  speed: 3\n")
    text = refused(home, "--config", file, status=wick.BAD_CONFIGURATION,
                   environment={"WICK_TRADER__STAKE": "-5", "WICK_NO__SUCH": "1"})
    for pattern in (r"wick\.yaml:2:\d+: .*max_symbols", r"wick\.yaml:3:\d+: .*tick_seconds",
                    r"wick\.yaml:5:\d+: .*open_positions.*1.*1000", "WICK_TRADER__STAKE", "WICK_NO__SUCH"):
        wick.contains(text, pattern)
    wick.equal((home / "data").exists(), False, "a data directory was made")


@wick.scenario
def broken_yaml(home):
    file = home / "wick.yaml"
    for content, place in (("market: [1, 2\n", r"wick\.yaml:\d+:\d+: "), ("- a\n- b\n", r"wick\.yaml:1:\d+: ")):
        file.write_text(content)
        wick.contains(refused(home, "--config", file, status=wick.BAD_CONFIGURATION), place)
    text = refused(home, "--config", home / "missing.yaml", status=wick.BAD_CONFIGURATION)
    wick.contains(text, "missing.yaml")


# ---- the machine ----

@wick.scenario
def ports_in_use(home):
    base = wick.free_port()
    for port, environment in ((base + 20, None), (base, {"WICK_LINKS__BASE_PORT": base - 3})):
        with listener(port):
            text = refused(home, *SMALL, status=wick.FAILED, environment=environment, port=base + 20)
            wick.contains(text, f"{port}.* in use")


@wick.scenario
def data_directory_that_cannot_be(home):
    (home / "data").write_text("a file stands where the directory should be")
    wick.contains(refused(home, *SMALL, status=wick.FAILED), "data")
    (home / "data").unlink()
    if os.geteuid() != 0:  # nothing is unwritable for root
        home.chmod(0o500)
        text = refused(home, *SMALL, status=wick.FAILED)
        home.chmod(0o700)
        wick.contains(text, "Permission denied")


@wick.scenario
def one_run_a_data_directory(home):
    first = wick.Run(home / "data", *SMALL).wait_ready()
    text = refused(home, *SMALL, status=wick.FAILED)
    wick.contains(text, f"in use by another run, process {first.pid}")
    wick.equal(first.stop(), wick.OK, "exit status of the first")


@wick.scenario
def status_without_a_run(home):
    for arguments in ([], ["--json"], ["--data", home / "nowhere"]):
        status, text = wick.run_program("wick-status", *arguments, directory=home)
        wick.equal(status, wick.NOT_RUNNING, "exit status")
        wick.contains(text, "nothing runs in")
    run = wick.Run(home / "data", *SMALL).wait_ready()
    run.signal(signal.SIGKILL)
    run.wait_end()
    status, _ = wick.run_program("wick-status", "--data", run.data)
    wick.equal(status, wick.NOT_RUNNING, "exit status after the run was killed")


# ---- replay directories ----

def write_candles(directory, lines, symbol="BTCUSDT"):
    directory.mkdir(exist_ok=True)
    with gzip.open(directory / f"{symbol}_5m.csv.gz", "wt") as file:
        file.write(HEADER + "".join(lines))


def candle(index, numbers="10,12,9,11,5"):
    return f"{1_700_000_100_000 + index * 300_000},{numbers}\n"


@wick.scenario
def replay_directory_that_cannot_be(home):
    file = home / "file"
    file.write_text("no directory")
    empty = home / "empty"
    empty.mkdir()
    for directory, message in ((home / "missing", "No such file"), (file, "Not a directory"),
                               (empty, "no file named SYMBOL_INTERVAL")):
        text = refused(home, "--replay", directory, status=wick.FAILED)
        wick.contains(text, f"{directory.name}: .*{message}")
    if os.geteuid() != 0:
        empty.chmod(0)
        wick.contains(refused(home, "--replay", empty, status=wick.FAILED), "empty: Permission denied")
        empty.chmod(0o700)


@wick.scenario
def malformed_lines(home):
    good = [candle(index) for index in range(100)]
    bad = {
        "letters": "10,12,9,eleven,5", "high_below_low": "10,9,12,11,5", "columns": "10,12,9,11",
        "negative": "-10,12,-11,11,5", "empty": "10,,9,11,5",
    }
    for name, numbers in bad.items():
        directory = home / name
        write_candles(directory, good)
        write_candles(directory, good[:41] + [candle(41, numbers)] + good[42:], "ETHUSDT")
        write_candles(directory, good[:7] + [good[3]] + good[8:], "XRPUSDT")
        run = wick.Run(home / f"data-{name}", "--replay", directory, *SMALL)
        wick.equal(run.wait_end(60) in (wick.FAILED, wick.BAD_CONFIGURATION), True, f"exit status with {name}")
        wick.contains(run.text(), r"ETHUSDT_5m\.csv\.gz:43: ", f"message for {name}")
        wick.contains(run.text(), r"XRPUSDT_5m\.csv\.gz:9: ", f"message for {name}")


@wick.scenario
def file_that_is_no_gzip(home):
    directory = home / "replay"
    write_candles(directory, [candle(index) for index in range(100)])
    whole = (directory / "BTCUSDT_5m.csv.gz").read_bytes()
    for name, content in (("cut", whole[:len(whole) // 2]), ("noise", b"\x1f\x8b" + bytes(range(200)))):
        (directory / "BTCUSDT_5m.csv.gz").write_bytes(content)
        run = wick.Run(home / f"data-{name}", "--replay", directory, *SMALL)
        wick.equal(run.wait_end(60) in (wick.FAILED, wick.BAD_CONFIGURATION), True, f"exit status with {name}")
        wick.contains(run.text(), r"BTCUSDT_5m\.csv\.gz", "message")


# ---- the database ----

@wick.scenario
def database_in_a_missing_directory(home):
    run = wick.Run(home / "data", *SMALL, "--database", f"sqlite:{home}/later/wick.db")
    run.wait_line("persister: .*later/wick.db.*No such file or directory", 30)
    (home / "later").mkdir()
    run.wait_ready()
    wick.equal(run.stop(), wick.OK, "exit status")


@wick.scenario
def database_that_comes_later(home):
    server = database.Postgres(home)
    run = wick.Run(home / "data", *SMALL, "--database", server.url())
    run.wait_line(r"persister: .*(refused|connect)", 30)
    wick.equal(run.process.poll(), None, "it goes on")
    with server:
        run.wait_ready()
        wick.wait_until("candles are stored", 30, lambda: has_candles(server))
        wick.equal(run.stop(), wick.OK, "exit status")


def has_candles(server):
    try:
        return int(server.rows("SELECT count(*) FROM v_candles")[0][0]) > 0
    except AssertionError:  # the views are not there yet
        return False


@wick.scenario
def database_with_another_password(home):
    with database.Postgres(home) as server:
        run = wick.Run(home / "data", *SMALL, "--database", server.url("canary-of-a-wrong-password"))
        run.wait_line("persister: .*password authentication failed", 30)
        wick.equal(run.stop(), wick.OK, "exit status")
        for path in [*(home / "data").rglob("*"), home / "postgres" / "log"]:
            if path.is_file() and b"canary-of" in path.read_bytes():
                raise AssertionError(f"a password stands in {path}")
        wick.equal("canary-of" in run.text(), False, "a password was printed")


@wick.scenario
def a_start_that_cannot_succeed_ends_with_its_cause(home):
    """All at the same time: each waits for a minute."""
    causes = (
        ({"WICK_MARKET__SYMBOLS": "NOPE*"}, "no market keeps to the rules"),
        ({"WICK_MARKET__QUOTE_ASSET": "XYZ"}, "no market is paid in XYZ"),
        ({"WICK_EXCHANGE__URL": "http://127.0.0.1:1"}, "connect to 127.0.0.1 port 1"),
    )
    runs = [wick.Run(home / str(i), *SMALL, environment=environment) for i, (environment, _) in enumerate(causes)]
    patient = wick.Run(home / "patient", *SMALL, "--wait", environment=causes[1][0])
    for run, (environment, cause) in zip(runs, causes):
        wick.equal(run.wait_end(150), wick.TIMED_OUT, f"exit status with {environment}")
        wick.contains(run.text(), rf"wick up: the start does not get on: for 60 s fetcher has not become ready: .*{cause}.*--wait")
    wick.equal(patient.process.poll(), None, "exit status of the one with --wait")
    wick.equal(patient.stop(), wick.OK, "its exit status when it is stopped")


if __name__ == "__main__":
    wick.main()
