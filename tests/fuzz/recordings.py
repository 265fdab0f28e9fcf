"""Makes seeds of recorded answers and messages of exchanges, where there are any beside the project.

usage: recordings.py FOLDER_OF_RECORDINGS FOLDER_OF_SEEDS

Long lists are cut to their first and last rows. Seeds of answers are written to rest/, once for each reader: a byte for
the reader and one for the status in front; those of streams to stream/ as they are.
"""
# SPDX-License-Identifier: MIT
import gzip
import json
import re
import shutil
import sys
from pathlib import Path

READERS = 5
ROWS = 2
SIZE_MAX = 2000
STREAM_NAME = re.compile(r"(^|_)ws(_|$)|wsTicker|/ws/")


def shorten(value):
    if isinstance(value, dict):
        items = list(value.items())
        kept = items if len(items) <= 40 else items[:ROWS]
        return {key: shorten(member) for key, member in kept}
    if isinstance(value, list):
        kept = value if len(value) <= 12 and not any(isinstance(row, (dict, list)) for row in value) else value[:1] + value[1:][-1:]
        return [shorten(member) for member in kept]
    return value


def text_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        return file.read()


def documents(text):
    """A whole JSON text, or the JSON text in each of its lines."""
    try:
        return [json.loads(text)]
    except ValueError:
        found = []
        for line in text.splitlines():
            start = min((at for at in (line.find("{"), line.find("[")) if at >= 0), default=-1)
            try:
                found.append(json.loads(line[start:]) if start >= 0 else None)
            except ValueError:
                pass
        return [document for document in found if document is not None]


def write(folder, name, content):
    if len(content) <= SIZE_MAX:
        (folder / name).write_bytes(content)
        return 1
    return 0


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    recordings, seeds = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(seeds, ignore_errors=True)
    (seeds / "rest").mkdir(parents=True)
    (seeds / "stream").mkdir()
    if not recordings.is_dir():
        print("SKIPPED: no recordings of exchanges; the fuzzers have their own seeds alone")
        return
    count = 0
    for path in sorted(recordings.rglob("*")):
        if not path.is_file() or path.name.endswith((".meta.json", ".md")) or "parsed_ccxt" in path.parts:
            continue
        name = str(path.relative_to(recordings)).replace("/", "-")
        for index, document in enumerate(documents(text_of(path))[:60]):
            body = json.dumps(shorten(document), separators=(",", ":")).encode()
            if STREAM_NAME.search(str(path)):
                count += write(seeds / "stream", f"{name}-{index}", body)
                continue
            for reader in range(READERS):
                count += write(seeds / "rest", f"{name}-{index}-{reader}", bytes((reader, 0)) + body)
    print(f"{count} seeds")


if __name__ == "__main__":
    main()
