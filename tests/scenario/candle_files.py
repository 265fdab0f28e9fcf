"""Candles from files into the store and out again: `wick import` and `wick export`, over both engines."""
# SPDX-License-Identifier: MIT

import gzip
import re
import signal
import socket
import sqlite3
import subprocess

import database
import wick
from candle_store import (MARKET, MINUTE, OWN_HEADER, START, counts, engines, run_export, run_import, write)

BINANCE_HEADER = ("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
                  "taker_buy_quote_volume,ignore")

# Files whose numbers are written in the shortest form come out byte by byte as they went in.
SHORTEST_FORM = ("coinbase_4h", "binance_spot_5m_long", "binance_spot_5m_2022-08", "binance_spot_1m_2021-05")


def row(minute, close="10.25", volume="3.5", start=START):
    return f"{start + minute * MINUTE},10.5,11,10.01,{close},{volume}"


@wick.scenario
def what_goes_in_comes_out(home):
    lines = [OWN_HEADER, row(0), row(1, "10.0100001", "0"), row(2, volume="123456789.12345678"), row(5)]
    file = write(home / "BTCUSDT_1m.csv.gz", *lines)
    for url, store in engines(home):
        told, _ = run_import(url, file)
        counts(told, rows=4, new=4, changed=0, unchanged=0, refused=0, gaps=1, gap_candles=2, absent_candles=2)
        told, _ = run_import(url, file)
        counts(told, rows=4, new=0, changed=0, unchanged=4, refused=0, absent_candles=0)
        wick.equal(run_export(url, "--symbol", "BTCUSDT", "--interval", "1m"), "\n".join(lines), "the export")
        wick.equal(store.rows("SELECT first_open_ms, last_open_ms, reason FROM v_absences"),
                   [(str(START + 3 * MINUTE), str(START + 4 * MINUTE), "source_lacks")], "absences")
        wick.equal(store.rows("SELECT count(*) FROM series WHERE fire_from_ms IS NULL"), [("1",)],
                   "no signal may come of imported candles")
        run_export(url, "--symbol", "BTCUSDT", "--interval", "1m", "--output", home / "out.csv.gz")
        wick.equal(gzip.decompress((home / "out.csv.gz").read_bytes()).decode(), "\n".join(lines) + "\n", "the packed export")


@wick.scenario
def changed_candles_are_written_and_the_former_kept(home):
    first = write(home / "a" / "BTCUSDT_1m.csv", OWN_HEADER, row(0), row(1), row(3))
    second = write(home / "b" / "BTCUSDT_1m.csv", OWN_HEADER, row(0), row(1, "10.75"), row(2), row(4))
    for url, store in engines(home):
        run_import(url, "--no-absences", first)
        told, _ = run_import(url, second)
        counts(told, rows=4, new=2, changed=1, unchanged=1, gaps=1, gap_candles=1, absent_candles=0)
        wick.equal(store.rows("SELECT open_time_ms, close FROM v_candle_revisions"),
                   [(str(START + MINUTE), "10.25")], "what the candle was")
        wick.equal(store.rows("SELECT count(*) FROM v_candles"), [("5",)], "candles")


@wick.scenario
def binance_dumps(home):
    def kline(minute, unit=1):
        opened = (START + minute * MINUTE) * unit
        return f"{opened},10.50000000,11.00000000,10.01000000,10.25000000,3.50000000,{opened + MINUTE * unit - 1},36,12,1,10,0"
    folder = home / "dump"
    write(folder / "1m" / "BTCUSDT-1m-2024-11.csv", kline(0), kline(1))
    write(folder / "1m" / "BTCUSDT-1m-2024-12.csv.gz", BINANCE_HEADER, kline(3), kline(4))
    write(folder / "1m" / "BTCUSDT-1m-2025-01-01.csv", kline(5, 1000), kline(7, 1000))
    write(folder / "1m" / "BTCUSDT-1m-2024-12.zip.CHECKSUM", "not a candle file")
    url = f"sqlite:{home}/wick.db"
    told, _ = run_import(url, folder)
    counts(told, files=3, rows=6, new=6, refused=0, gaps=1, absent_candles=1)  # none between two files
    wick.equal(run_export(url, "--symbol", "BTCUSDT", "--interval", "1m"),
               "\n".join([OWN_HEADER, *(row(minute) for minute in (0, 1, 3, 4, 5, 7))]), "the export")


WRONG_ROWS = (
    ("abc,1,1,1,1,1", "open time 'abc', expected a decimal number"),
    (f"{START}.5,1,1,1,1,1", "expected whole milliseconds"),
    (f"{START + 1},1,1,1,1,1", "not on the grid"),
    (f"{START},1,1,1,1,1", "expected one after"),
    (f"{START + MINUTE},1,1,1,1", "5 fields, expected 6"),
    (f"{START + MINUTE},1,1,1,nan,1", "close 'nan', expected a decimal number"),
    (f"{START + MINUTE},1,1,1,1e99,1", "close '1e99', expected at most 9223372036854775807: 63 bits with 0 decimals"),
    (f"{START + MINUTE},0,1,0,1,1", "its low is not positive"),
    (f"{START + MINUTE},5,4,1,3,1", "its high is below"),
    (f"{START + MINUTE},3,5,4,5,1", "its low is above"),
    (f"{START + MINUTE},1,1,1,1,-1", "its volume is negative"),
    (f"{START + MINUTE},99999999999999999999,1,1,1,1", "open '99999999999999999999', expected at most 9223372036854775807"),
    (f"{START + MINUTE},1.0000000000000000001,2,1,1,1", "open '1.0000000000000000001', expected at most 18 decimals"),
    ("4070908800000,1,1,1,1,1", "open time 4070908800000, which is 2099-01-01T00:00Z, expected one that is not past now"),
    ("1230681600000,1,1,1,1,1", "which is 2008-12-31T00:00Z, expected 2009-01-01 or later"),
)


@wick.scenario
def wrong_rows_are_refused_one_by_one(home):
    for number, (wrong, message) in enumerate(WRONG_ROWS):
        file = write(home / f"S{number}USDT_1m.csv", OWN_HEADER, row(0), wrong, row(3))
        told, text = run_import(f"sqlite:{home}/wick.db", file, status=wick.FAILED)
        counts(told, rows=3, new=2, refused=1, absent_candles=0)  # what the row was is not known, so nothing is absent
        wick.contains(text, re.escape(f"wick import: {file}:3: ") + ".*" + re.escape(message))


@wick.scenario
def wrong_files_are_named(home):
    url = f"sqlite:{home}/wick.db"
    for name, lines, message in (
            ("BTCUSDT_1m.csv", ["time,o,h,l,c,v"], r"BTCUSDT_1m.csv:1: the line 'time,o,h,l,c,v', expected 'open_time_ms"),
            ("BTCUSDT_7m.csv", [OWN_HEADER], "the name tells no symbol and interval"),
            ("btcusdt_1m.csv", [OWN_HEADER], "the name tells no symbol and interval")):
        _, text = run_import(url, write(home / name, *lines), status=wick.FAILED)
        wick.contains(text, message)
    broken = write(home / "ETHUSDT_1m.csv.gz", OWN_HEADER, *(row(minute) for minute in range(500)))
    broken.write_bytes(broken.read_bytes()[:-40])
    _, text = run_import(url, broken, status=wick.FAILED)
    wick.contains(text, "ETHUSDT_1m.csv.gz: ")
    (home / "BTCUSDT-1m-2024-12.csv").write_bytes(b"PK\x03\x04\x14\x00binary\n")
    _, text = run_import(url, home / "BTCUSDT-1m-2024-12.csv", status=wick.FAILED)
    wick.contains(text, "BTCUSDT-1m-2024-12.csv: Not a zip archive")
    (home / "empty").mkdir()
    _, text = run_import(url, home / "empty", status=wick.FAILED)
    wick.contains(text, "there are no candle files")
    run_import(url, "--symbol", "ETHUSDT", "--interval", "1m", write(home / "some.txt", OWN_HEADER, row(0)))
    wick.equal(wick.run_program("wick-import", "--frob")[0], wick.USAGE, "an unknown flag")
    wick.equal(wick.run_program("wick-import")[0], wick.USAGE, "no file")
    config = home / "bad.yaml"
    config.write_text("database:\n  frob: 1\n")
    run_import(url, "--config", config, home / "some.txt", status=wick.BAD_CONFIGURATION)


@wick.scenario
def an_export_says_what_there_is(home):
    url = f"sqlite:{home}/wick.db"
    wick.contains(run_export(url, "--symbol", "X", "--interval", "1m", status=wick.FAILED), "there is no database")
    run_import(url, write(home / "BTCUSDT_1m.csv", OWN_HEADER, *(row(minute) for minute in range(10))))
    text = run_export(url, "--symbol", "ETHUSDT", "--interval", "1m", status=wick.FAILED)
    wick.contains(text, r"no series binance ETHUSDT 1m; it has\n  binance BTCUSDT 1m")
    text = run_export(url, "--symbol", "BTCUSDT", "--interval", "1m", "--from", "2024-12-21T00:03Z", "--to", START + 5 * MINUTE)
    wick.equal(text, "\n".join([OWN_HEADER, row(3), row(4)]), "a range")
    for arguments, message in (
            (("--symbol", "BTCUSDT"), "--symbol and --interval are needed"),
            (("--symbol", "BTCUSDT", "--interval", "7m"), "'7m' is not an interval"),
            (("--symbol", "BTCUSDT", "--interval", "1m", "--from", "2024-02-31"), "--from: '2024-02-31' is no time"),
            (("--symbol", "BTCUSDT", "--interval", "1m", "--format", "xml"), "expected csv")):
        wick.contains(run_export(url, *arguments, status=wick.USAGE), message)


@wick.scenario
def real_candles_do_not_come_among_simulated_ones(home):
    file = write(home / "f" / "BTCUSDT_1m.csv", OWN_HEADER, row(0))
    real, simulated = home / "real", home / "simulated"
    for directory, market in ((real, "exchange kraken"), (simulated, "simulated generated 7")):
        write(directory / "market", market)
    def imported(*arguments):
        return wick.run_program("wick-import", *arguments, file)
    wick.equal(imported("--data", real)[0], wick.OK, "the directory's own exchange")
    status, text = imported("--data", real, "--exchange", "okx")
    wick.equal(status, wick.FAILED, "another exchange")
    wick.contains(text, r"exchange kraken.*exchange okx")
    status, text = imported("--data", simulated)
    wick.equal(status, wick.FAILED, "files that nobody says to be simulated")
    wick.contains(text, "holds the data of the exchange simulated; give another --data")
    wick.equal((simulated / "wick.db").exists(), False, "a database was made")
    wick.equal(imported("--data", simulated, "--exchange", "simulated")[0], wick.OK, "files that are simulated")
    status, text = wick.run_program("wick-up", "--data", real)
    wick.equal(status, wick.FAILED, "a simulated run on real candles")
    wick.contains(text, r"\(exchange kraken\).*\(simulated generated\)")


@wick.scenario
def another_writer_is_waited_for(home):
    file = write(home / "BTCUSDT_1m.csv", OWN_HEADER, row(0))
    url = f"sqlite:{home}/wick.db"
    run_import(url, file)
    other = sqlite3.connect(home / "wick.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    more = write(home / "ETHUSDT_1m.csv", OWN_HEADER, row(0), row(1))
    program = wick.Program("wick-import", "--database", url, "--json", more)
    try:
        program.process.wait(1.5)
        raise AssertionError(f"it did not wait for the other writer:\n{program.text()}")
    except wick.subprocess.TimeoutExpired:
        other.execute("COMMIT")
    wick.equal(program.wait_end(60), wick.OK, f"the exit status; it wrote {program.text()}")
    wick.equal(database.Sqlite(home / "wick.db").rows("SELECT count(*) FROM v_candles"), [("3",)], "candles")


@wick.scenario
def an_interrupted_import_goes_on(home):
    minutes = 400_000
    file = write(home / "BTCUSDT_1m.csv", OWN_HEADER, *(row(minute) for minute in range(minutes)))
    url = f"sqlite:{home}/wick.db"
    program = wick.Program("wick-import", "--database", url, "--json", file)
    store = database.Sqlite(home / "wick.db")
    def some_are_stored():
        try:
            return int(store.rows("SELECT count(*) FROM candles")[0][0]) > 0
        except sqlite3.OperationalError:
            return False  # the database is being made
    wick.wait_until("some candles are stored", 60, some_are_stored)
    program.signal(signal.SIGINT)
    wick.equal(program.wait_end(60), wick.FAILED, f"the exit status of what was interrupted; it wrote {program.text()}")
    wick.contains(program.text(), "the same command goes on from there")
    stored = int(store.rows("SELECT count(*) FROM candles")[0][0])
    told, _ = run_import(url, file)
    counts(told, rows=minutes, new=minutes - stored, unchanged=stored, changed=0)


@wick.scenario
def a_data_directory_holds_one_exchange(home):
    file, data = write(home / "BTCUSDT_1m.csv", OWN_HEADER, row(0)), home / "new" / "data"
    def import_into(*arguments):
        return wick.run_program("wick-import", "--data", data, *arguments, file)
    wick.equal(import_into("--exchange", "kraken")[0], wick.OK, "the directory is made")
    wick.equal((data / "market").read_text(), "exchange kraken\n", "whose it is")
    wick.contains(import_into()[1], "1 unchanged")  # the directory's exchange is taken
    status, text = import_into("--exchange", "binance")
    wick.equal(status, wick.FAILED, "another exchange")
    wick.contains(text, r"holds the data of another market \(exchange kraken\) than is asked for \(exchange binance\)")
    _, text = run_import(f"sqlite:{data}/wick.db", file, status=wick.FAILED)  # by its path it is the same directory
    wick.contains(text, r"holds the data of another market \(exchange kraken\) than is asked for \(exchange binance\)")
    run_import(f"sqlite:{data}/wick.db", "--exchange", "kraken", file)
    status, text = wick.run_program("wick-export", "--data", data, "--symbol", "BTCUSDT", "--interval", "1m")
    wick.equal((status, text), (wick.OK, f"{OWN_HEADER}\n{row(0)}"), "an export of the directory's exchange")


@wick.scenario
def what_cannot_be_reached_is_told_at_once(home):
    file = write(home / "BTCUSDT_1m.csv", OWN_HEADER, row(0))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nobody listens
        url = f"postgresql://user:secret@127.0.0.1:{unused.getsockname()[1]}/wick"
        for program, arguments in (("wick-import", [file]), ("wick-verify", []), ("wick-verify", ["--repair"]),
                                   ("wick-export", ["--symbol", "BTCUSDT", "--interval", "1m"])):
            status, text = wick.run_program(program, "--database", url, *arguments, seconds=40)  # it is given 60 s if it waits
            wick.equal(status, wick.FAILED, f"the exit status of {program}")
            wick.contains(text, "connection to server at .127.0.0.1., port [0-9]+ failed: Connection refused")
            wick.equal("secret" in text, False, "the password in it")
    status, text = wick.run_program("wick-import", "--database", f"sqlite:{home}/none/wick.db", file, seconds=40)
    wick.equal(status, wick.FAILED, "a folder that is not there")
    wick.contains(text, "unable to open database file")


@wick.scenario
def a_read_only_mount_is_read(home):
    data = home / "a b%?"
    wick.run_program("wick-import", "--data", data, write(home / "BTCUSDT_1m.csv", OWN_HEADER, row(0), row(1)))
    mounted = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
    if subprocess.run(["unshare", "-m", "sh", "-c", mounted, "sh", data], capture_output=True, check=False).returncode != 0:
        raise wick.Skipped("nothing may be mounted here")
    for program, arguments, expected in (
            ("wick-verify", "", "1 series, 2 candles; nothing is wrong"),
            ("wick-export", "--symbol BTCUSDT --interval 1m", f"{OWN_HEADER}\n{row(0)}\n{row(1)}")):
        ended = subprocess.run(["unshare", "-m", "sh", "-c", f'{mounted} && "$2" --data "$1" {arguments}', "sh", data,
                                wick.PROGRAMS / program], capture_output=True, text=True, check=False)
        wick.equal(ended.returncode, wick.OK, f"the exit status of {program}; it wrote {ended.stderr}")
        wick.contains(ended.stdout, expected)
    for command in (f"wick-import {home}/BTCUSDT_1m.csv", "wick-verify --repair"):
        ended = subprocess.run(["unshare", "-m", "sh", "-c", f'{mounted} && "$2"/{command} --data "$1"', "sh", data,
                                wick.PROGRAMS], capture_output=True, text=True, check=False)
        wick.equal(ended.returncode, wick.FAILED, f"the exit status of {command}")
        wick.contains(ended.stderr, "its folder cannot be written to: Read-only file system")


@wick.scenario
def real_files_round_trip(home):
    if not MARKET.is_dir():
        raise wick.Skipped("there is no ../shared/market")
    for number, folder in enumerate(SHORTEST_FORM):
        url = f"sqlite:{home}/{number}.db"
        files = sorted((MARKET / folder).glob("*.csv.gz"))
        told, _ = run_import(url, MARKET / folder)
        counts(told, files=len(files), changed=0, unchanged=0, refused=0)
        interval = files[0].name.split("_")[-1].split(".")[0]
        symbols = ",".join(file.name.rpartition("_")[0] for file in files)
        run_export(url, "--symbol", symbols, "--interval", interval, "--output", f"{home}/{number}/")
        for file in files:
            wick.equal(gzip.decompress((home / str(number) / file.name).read_bytes()) == gzip.decompress(file.read_bytes()),
                       True, f"{file} comes out as it went in")


if __name__ == "__main__":
    wick.main()
