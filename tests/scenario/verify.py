"""`wick verify`: every kind of damage that is planted in a store is found, and nothing that is not there."""
# SPDX-License-Identifier: MIT

import json
import socket
import sqlite3
import time

import candle_store
import database
import wick
from candle_store import MINUTE, OWN_HEADER, START

COUNT = 120  # candles of each series
FUTURE_MS = 4102444800000  # the year 2100
EARLY_MS = 1735680000  # a time in seconds, taken for one in ms
QUIET = (50, 53)  # minutes that no series has; they are explained
COLUMNS = "open_time_ms, open, high, low, close, volume, price_scale, volume_scale"

# (damage, statements, minute, count): the damage is planted in a series of its own, called after it. {id} is the series,
# {at} the open time of minute 10.
PLANTED = (
    ("hole", ["DELETE FROM candles WHERE series_id = {id} AND open_time_ms BETWEEN {at} AND {at} + 120000"], 10, 3),
    ("duplicate", ["INSERT INTO candles (series_id, {columns}) SELECT series_id, {columns} FROM candles"
                   " WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("high_below_low", ["UPDATE candles SET high = low - 1 WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("outside_range", ["UPDATE candles SET close = high + 1 WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("price_not_positive", ["UPDATE candles SET low = 0 WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("volume_negative", ["UPDATE candles SET volume = -1 WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("scale", ["UPDATE candles SET price_scale = 40 WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("off_grid", ["INSERT INTO candles (series_id, {columns}) SELECT series_id, open_time_ms + 30000, open, high, low, close,"
                  " volume, price_scale, volume_scale FROM candles WHERE series_id = {id} AND open_time_ms = {at}"], 10.5, 1),
    ("future", ["INSERT INTO candles (series_id, {columns}) SELECT series_id, {future}, open, high, low, close,"
                " volume, price_scale, volume_scale FROM candles WHERE series_id = {id} AND open_time_ms = {at}"], None, 1),
    ("too_early", ["INSERT INTO candles (series_id, {columns}) SELECT series_id, {early}, open, high, low, close,"
                   " volume, price_scale, volume_scale FROM candles WHERE series_id = {id} AND open_time_ms = {at}"], None, 1),
    ("scale_slip", ["UPDATE candles SET price_scale = price_scale - 1 WHERE series_id = {id}"
                    " AND open_time_ms BETWEEN {at} AND {at} + 60000"], 10, 2),
    ("level_change", ["UPDATE candles SET price_scale = price_scale + 2 WHERE series_id = {id}"
                      " AND open_time_ms >= {at}"], 10, None),
    ("revision_lost", ["UPDATE candles SET volume = volume + 1 WHERE series_id = {id} AND open_time_ms = {at}",
                       "DELETE FROM candles WHERE series_id = {id} AND open_time_ms = {at}"], 10, 1),
    ("absence_impossible", ["INSERT INTO candle_absences VALUES ({id}, {at} + 1, {at} + 2, 'no_trades')"], None, 1),
    ("absence_over_candles", ["INSERT INTO candle_absences VALUES ({id}, {at}, {at} + 120000, 'no_trades')"], 10, 3),
    ("absence_overlap", ["DELETE FROM candles WHERE series_id = {id} AND open_time_ms BETWEEN {at} AND {at} + 240000",
                         "INSERT INTO candle_absences VALUES ({id}, {at}, {at} + 240000, 'no_trades'),"
                         " ({id}, {at} + 60000, {at} + 120000, 'exchange_lacks')"], 11, 1),
)
OF_NO_SERIES = ("orphan", "key_lost")


def symbol_of(damage):
    return damage.upper().replace("_", "")[:16] + "USDT"  # names of 20 letters at most


def candle_lines():
    """A market that goes up and down, without the minutes of QUIET."""
    lines = []
    for minute in range(COUNT):
        if not QUIET[0] <= minute < QUIET[1]:
            price = 100 + minute % 7
            lines.append(f"{START + minute * MINUTE},{price}.25,{price + 1}.5,{price - 1}.75,{price}.5,{minute}.125")
    return [OWN_HEADER, *lines]


class Writer:
    """Runs SQL that changes the store of either engine."""

    def __init__(self, store):
        self.store = store

    def run(self, sql):
        if isinstance(self.store, database.Postgres):
            self.store.rows(sql)
            return
        connection = sqlite3.connect(self.store.path, isolation_level=None)
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(sql)
        connection.close()

    def make_room(self, time_ms):
        """A candle of that time has a place."""
        if isinstance(self.store, database.Postgres):
            self.run(f"SELECT ensure_candle_months(ARRAY[{time_ms}::bigint])")

    def lose_key(self):
        """Candles may be there twice from now on, and have any scale."""
        if isinstance(self.store, database.Postgres):
            names = self.store.rows("SELECT conname FROM pg_constraint WHERE conrelid = 'candles'::regclass"
                                    " AND (contype = 'p' OR conname LIKE '%scale%')")
            for (name,) in names:
                self.run(f"ALTER TABLE candles DROP CONSTRAINT {name}")
            return
        trigger = self.store.rows("SELECT sql FROM sqlite_master WHERE name = 'candles_revised'")[0][0]
        self.run("CREATE TABLE copies AS SELECT * FROM candles; DROP TABLE candles;"
                 f"ALTER TABLE copies RENAME TO candles; {trigger}")


def fill(home, url):
    """A store with a series for each damage, all of them whole."""
    folder = home / "files"
    for damage, *_ in PLANTED:
        candle_store.write(folder / f"{symbol_of(damage)}_1m.csv", *candle_lines())
    candle_store.run_import(url, folder)


def plant(store):
    writer = Writer(store)
    writer.lose_key()
    writer.make_room(FUTURE_MS)
    writer.make_room(EARLY_MS)
    for damage, statements, _, _ in PLANTED:
        series = store.rows(f"SELECT id FROM series WHERE symbol = '{symbol_of(damage)}'")[0][0]
        for sql in statements:
            writer.run(sql.format(id=series, at=START + 10 * MINUTE, columns=COLUMNS, future=FUTURE_MS, early=EARLY_MS))
    writer.run(f"INSERT INTO candles (series_id, {COLUMNS}) SELECT 999, {COLUMNS} FROM candles WHERE series_id = 1"
               f" AND open_time_ms < {START} + 120000")
    writer.run("INSERT INTO series (exchange, symbol, interval_s) VALUES ('binance', 'ODDUSDT', 77),"
               " ('binance', 'hole-usdt', 60)")


def verify(url, *arguments, status):
    """Everything that --json says, as a list of objects."""
    ended, text = wick.run_program("wick-verify", "--database", url, "--json", *arguments, seconds=120)
    if ended != status:
        raise AssertionError(f"wick-verify ended with {ended}, expected {status}:\n{text}")
    if not text.startswith("["):
        raise AssertionError(f"wick-verify wrote no JSON:\n{text}")
    return json.loads(text)


class Exchange:
    """The simulated exchange, over the files that the store was filled from; its clock stands behind them."""

    def __init__(self, home):
        self.port = wick.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.journal = home / "journal.jsonl"
        self.journal.unlink(missing_ok=True)
        self.program = wick.Program("wick-simulator", "--replay", home / "files", "--port", self.port, "--start",
                                    START + (COUNT + 10) * MINUTE, "--journal", self.journal)

    def requests(self):
        return sum("request" in line for line in self.journal.read_text().splitlines())

    def __enter__(self):
        wick.wait_until("the exchange listens", 30, self._listens)
        return self

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, *_):
        self.program.stop()


def findings(told):
    return [row for row in told if row["type"] == "finding"]


def check_finding(found, damage, minute, count):
    symbol = None if damage in OF_NO_SERIES else symbol_of(damage)
    rows = [row for row in found if row["damage"] == damage and row.get("symbol") == symbol]
    wick.equal(len(rows), 1, f"findings of {damage}")
    if minute is not None:
        wick.equal(rows[0]["first_open_ms"], START + int(minute * MINUTE), f"when {damage} was found")
    if count is not None:
        wick.equal(rows[0]["count"], count, f"how many of {damage}")


@wick.scenario
def every_damage_is_found(home):
    for url, store in candle_store.engines(home):
        fill(home, url)
        told = verify(url, status=wick.OK)
        wick.equal(findings(told), [], "what is wrong with a store that is whole")
        wick.equal(told[-1]["explained"], {"source_lacks": {"gaps": len(PLANTED), "candles": 3 * len(PLANTED)}}, "gaps")
        plant(store)
        told = verify(url, status=wick.FAILED)
        found = findings(told)
        for damage, _, minute, count in PLANTED:
            check_finding(found, damage, minute, count)
        check_finding(found, "orphan", 0, 2)
        check_finding(found, "key_lost", None, 1)
        by_series = {(row["damage"], row.get("symbol")) for row in found}
        also = {("unknown_interval", "ODDUSDT"), ("spelling", "HOLEUSDT"), ("spelling", "hole-usdt"),
                ("hole", symbol_of("revision_lost"))}
        invented = by_series - {(damage, symbol_of(damage)) for damage, *_ in PLANTED} - also - {
            (damage, None) for damage in OF_NO_SERIES}
        wick.equal(invented, set(), "damage that nobody planted")
        wick.equal(len([row for row in by_series if row[0] == "spelling"]), 1, "spellings")
        print(f"  {url.split(':')[0]}: {len({row['damage'] for row in found})} kinds of damage planted and found")


@wick.scenario
def a_damaged_file_is_told(home):
    url = f"sqlite:{home}/wick.db"
    fill(home, url)
    path = home / "wick.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    page_size = connection.execute("PRAGMA page_size").fetchone()[0]
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'fills'").fetchone()[0]
    connection.close()
    with open(path, "r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * 64)
    ended, text = wick.run_program("wick-verify", "--database", url)
    wick.equal(ended, wick.FAILED, "the exit status for a damaged file")
    wick.contains(text, "database: the database itself is damaged")


@wick.scenario
def real_gaps_are_told_and_none_invented(home):
    folder = candle_store.MARKET / "bitfinex_1m_long"
    if not folder.is_dir():
        raise wick.Skipped("there is no ../shared/market")
    for url, _ in candle_store.engines(home):
        told, _ = candle_store.run_import(url, "--exchange", "bitfinex", folder)
        candle_store.counts(told, rows=520499, new=520499, gaps=3992, gap_candles=5101, absent_candles=5101)
        told = verify(url, "--gaps", status=wick.OK)
        gaps = [row for row in told if row["type"] == "gap"]
        wick.equal((len(gaps), sum(row["count"] for row in gaps)), (3992, 5101), "gaps and the candles missing in them")
        wick.equal(findings(told), [], "findings")
        wick.equal(told[-1]["explained"], {"source_lacks": {"gaps": 3992, "candles": 5101}}, "reasons")


@wick.scenario
def gaps_that_nothing_explains_are_holes(home):
    folder = candle_store.MARKET / "bitfinex_1m_long"
    if not folder.is_dir():
        raise wick.Skipped("there is no ../shared/market")
    url = f"sqlite:{home}/wick.db"
    candle_store.run_import(url, "--exchange", "bitfinex", "--no-absences", folder)
    told = verify(url, status=wick.FAILED)
    wick.equal(told[-1]["found"], {"hole": 3992}, "holes")
    wick.equal(sum(row["count"] for row in findings(told)), 5101, "candles missing")


@wick.scenario
def what_can_be_healed_is(home):
    for url, store in candle_store.engines(home):
        fill(home, url)
        Writer(store).run("DELETE FROM candle_absences")  # the quiet minutes are holes now; the exchange lacks them too
        plant(store)
        with Exchange(home) as exchange:
            told = verify(url, "--repair", "--exchange-url", exchange.url, "--data", home, status=wick.FAILED)
        wick.equal(told[-1]["found"], {"unknown_interval": 1, "spelling": 1, "level_change": 1}, "what no repair heals")
        wick.equal(told[-1]["explained"]["exchange_lacks"]["candles"], 3 * len(PLANTED), "candles that the exchange lacks")
        whole = "\n".join(candle_lines())
        for damage, *_ in PLANTED:
            if damage not in ("level_change", "absence_overlap"):
                text = candle_store.run_export(url, "--symbol", symbol_of(damage), "--interval", "1m")
                wick.equal(text, whole, f"the candles of {damage} after the repair")
        removed = dict(store.rows("SELECT reason, count(*) FROM candles_removed GROUP BY reason"))
        wick.equal(removed, {"duplicate": "1", "high_below_low": "1", "outside_range": "1", "price_not_positive": "1",
                             "volume_negative": "1", "scale": "1", "off_grid": "1", "future": "1", "too_early": "1", "orphan": "2"},
                   "what was taken out and kept")
        Writer(store).run("DELETE FROM series WHERE symbol IN ('ODDUSDT', 'hole-usdt')")
        told = verify(url, status=wick.OK)
        wick.equal(told[-1]["found"], {"level_change": 1}, "findings in the end")
        told, _ = candle_store.run_import(url, home / "files" / "HOLEUSDT_1m.csv")
        candle_store.counts(told, unchanged=COUNT - 3, new=0, changed=0)


@wick.scenario
def a_ban_is_obeyed(home):
    url = f"sqlite:{home}/wick.db"
    fill(home, url)
    Writer(database.Sqlite(home / "wick.db")).run(f"DELETE FROM candles WHERE open_time_ms = {START + 20 * MINUTE}")
    with Exchange(home) as exchange:
        (home / "fetcher-ban").write_text(f"{int(time.time() * 1000) + 600_000} {exchange.url}\n")
        ended, text = wick.run_program("wick-verify", "--database", url, "--repair", "--exchange-url", exchange.url,
                                       "--data", home, "--now", START + 200 * MINUTE)
        wick.equal(ended, wick.FAILED, "the exit status with holes left")
        wick.contains(text, "has asked us to stop; nothing is sent for another [0-9]+ s")
        wick.contains(text, f"{len(PLANTED)} hole")
        wick.equal(exchange.requests(), 0, "requests during the ban")
        (home / "fetcher-ban").unlink()
        verify(url, "--repair", "--exchange-url", exchange.url, "--data", home, status=wick.OK)


@wick.scenario
def the_clock_of_a_simulated_exchange_is_known(home):
    fill(home, f"sqlite:{home}/wick.db")
    clock = home / "simulator-clock"
    for minute, status, damages in ((COUNT, wick.OK, {}), (COUNT - 11, wick.FAILED, {"future": 10 * len(PLANTED)})):
        clock.write_text(f"{START + minute * MINUTE}\n")
        ended, text = wick.run_program("wick-verify", "--data", home, "--json")
        wick.equal((ended, json.loads(text)[-1]["found"]), (status, damages), f"with the clock at minute {minute}")


@wick.scenario
def the_clock_that_the_store_knows_counts(home):
    files = candle_store.write(home / "BTCUSDT_1m.csv", OWN_HEADER, *(f"{START + i * MINUTE},2,3,1,2,5" for i in range(10)))
    for url, store in candle_store.engines(home):
        candle_store.run_import(url, "--exchange", "simulated", files)
        writer = Writer(store)
        writer.run(f"INSERT INTO exchange_clocks VALUES ('simulated', {START + 7 * MINUTE})")
        writer.run(f"INSERT INTO candle_absences SELECT id, {START + 10 * MINUTE}, {FUTURE_MS}, 'source_lacks' FROM series")
        told = verify(url, status=wick.FAILED)[-1]
        wick.equal(told["found"], {"future": 2, "absence_impossible": 1}, "what has not closed by that clock and a minute")
        later = candle_store.write(home / "b" / "BTCUSDT_1m.csv", OWN_HEADER, f"{START + 20 * MINUTE},2,3,1,2,5")
        _, text = candle_store.run_import(url, "--exchange", "simulated", later, status=wick.FAILED)
        wick.contains(text, "which is 2024-12-21T00:20Z, expected one that is not past now")
        wick.equal(verify(url, "--repair", status=wick.OK)[-1]["found"], {}, "after the repair")
        wick.equal(store.rows("SELECT count(*), max(open_time_ms) FROM candles"), [("8", str(START + 7 * MINUTE))], "candles")
        wick.equal(store.rows("SELECT count(*) FROM candle_absences"), [("0",)], "absences")
        wick.equal(store.rows("SELECT open_time_ms, reason FROM candles_removed"), [(str(START + minute * MINUTE), "future") for minute in (8, 9)],
                   "what was taken out is kept")


@wick.scenario
def how_it_ends(home):
    wick.contains(wick.run_program("wick-verify", "--help")[1], "^usage: wick verify")
    for arguments in (["--frob"], ["--interval", "7m"], ["--now", "soon"], ["DIR"]):
        wick.equal(wick.run_program("wick-verify", *arguments, directory=home)[0], wick.USAGE, f"{arguments}")
    status, text = wick.run_program("wick-verify", "--data", home / "nothing")
    wick.equal(status, wick.FAILED, "no database")
    wick.contains(text, "there is no database")


if __name__ == "__main__":
    wick.main()
