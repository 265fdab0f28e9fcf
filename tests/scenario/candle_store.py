"""Stores of both engines that are filled from files, for the scenarios about candles."""
# SPDX-License-Identifier: MIT

import gzip
import json
import re

import database
import wick

OWN_HEADER = "open_time_ms,open,high,low,close,volume"
MINUTE = 60_000
START = 1734739200000  # 2024-12-21
MARKET = wick.PROJECT.parent / "shared" / "market"


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def run_import(url, *arguments, status=wick.OK):
    """What --json says, and all that was written."""
    ended, text = wick.run_program("wick-import", "--database", url, "--json", *arguments, seconds=120)
    if ended != status:
        raise AssertionError(f"wick-import ended with {ended}, expected {status}:\n{text}")
    found = re.search(r"^\{.*\}$", text, re.MULTILINE)
    return json.loads(found.group(0)) if found else None, text


def run_export(url, *arguments, status=wick.OK):
    ended, text = wick.run_program("wick-export", "--database", url, *arguments, seconds=120)
    if ended != status:
        raise AssertionError(f"wick-export ended with {ended}, expected {status}:\n{text}")
    return text


def engines(home):
    """(URL, database) of a fresh database of each engine."""
    yield f"sqlite:{home}/wick.db", database.Sqlite(home / "wick.db")
    try:
        server = database.Postgres(home)
    except wick.Skipped as reason:
        print(f"SKIPPED: {reason}")
        return
    with server:
        yield server.url(), server


def counts(told, **expected):
    wick.equal({name: told[name] for name in expected}, expected, "the counts of an import")
