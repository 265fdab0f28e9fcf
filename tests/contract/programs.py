"""The small programs as a script sees them: what keygen, passwd, exchanges, config and status write, and how they end.

usage: programs.py FOLDER_OF_PROGRAMS
"""
# SPDX-License-Identifier: MIT
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROLES = ("fetcher", "analyzer", "trader", "persister", "dashboard")
Z85 = r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}"

PROJECT = Path(__file__).resolve().parents[2]

failures = 0


def expect(what, holds, shown=""):
    global failures
    if not holds:
        print(f"not so: {what}\n{shown}")
        failures += 1


class Programs:
    def __init__(self, folder):
        self.folder = Path(folder).resolve()

    def run(self, name, *arguments, text="", directory=None, environment=None):
        done = subprocess.run([str(self.folder / name), *map(str, arguments)], input=text, text=True, timeout=60,
                              cwd=directory, capture_output=True, check=False,
                              env={**os.environ, **(environment or {})})
        return done.returncode, done.stdout, done.stderr


def check_usage(programs, home):
    for name in ("wick-keygen", "wick-passwd", "wick-exchanges", "wick-config", "wick-status", "wick-pages",
                 "wick-import", "wick-export", "wick-verify", "wick-up", "wick-simulator"):
        status, out, _ = programs.run(name, "--help", directory=home)
        expect(f"{name} --help", status == 0 and out.startswith("usage: wick"), out)
        kept = PROJECT / "docs" / "help" / f"{name.removeprefix('wick-')}.txt"
        expect(f"docs/help has what {name} --help says; {name} --help >{kept} writes it anew",
               not kept.exists() and name == "wick-pages" or kept.read_text() == out)
        status, out, errors = programs.run(name, "--frob", directory=home)
        expect(f"{name} --frob is refused", status == 2 and out == "" and errors != "", f"{status} {out}")
    expect("nothing was written", list(home.iterdir()) == [])


def check_version(programs, home):
    names = sorted(path.name for path in programs.folder.glob("wick-*"))
    expect("the programs are there", {"wick-fetcher", "wick-up", "wick-simulator"} <= set(names), names)
    shown = {name: programs.run(name, "--version", directory=home)[:2] for name in names}
    for name, (status, out) in shown.items():
        expect(f"{name} --version", status == 0 and re.fullmatch(rf"{name} [\d.]+, commit (\w+|unknown), .+\n", out), out)
    expect("all are of one build", len({out.partition(" ")[2] for _, out in shown.values()}) == 1, shown)
    expect("nothing was written", list(home.iterdir()) == [])


def check_keygen(programs, home):
    status, first, _ = programs.run("wick-keygen")
    expect("keygen prints", status == 0 and len(re.findall(rf"^WICK_LINKS__SECRET_KEY='{Z85}'$", first, re.M)) == 5, first)
    for role in ROLES:
        expect(f"the public key of the {role}", re.search(rf"^WICK_LINKS__{role.upper()}_KEY='{Z85}'$", first, re.M), first)
    keys = re.findall(Z85, first)
    expect("no key twice", len(set(keys)) == len(keys) == 10, first)
    expect("other keys each time", not set(keys) & set(re.findall(Z85, programs.run("wick-keygen")[1])))

    folder = home / "keys"
    expect("files are written", programs.run("wick-keygen", "--env", folder)[0] == 0)
    texts = {role: (folder / f"{role}.env").read_text() for role in ROLES}
    secrets = {role: re.search(rf"SECRET_KEY='({Z85})'", text)[1] for role, text in texts.items()}
    for role, text in texts.items():
        expect(f"{role}.env is the owner's", (folder / f"{role}.env").stat().st_mode & 0o777 == 0o600)
        others = [other for other in ROLES if other != role and secrets[other] in text]
        expect(f"{role}.env holds no other's secret", others == [], others)
        expect(f"{role}.env holds all public keys", text.count("_KEY='") == 6, text)
    status, _, errors = programs.run("wick-keygen", "--env", folder)
    expect("keys in use are not replaced", status == 1 and "fetcher.env" in errors, errors)
    expect("they are as they were", texts == {role: (folder / f"{role}.env").read_text() for role in ROLES})

    environment = dict(re.findall(r"^(WICK_\w+)='(.*)'$", texts["trader"], re.M))
    status, out, errors = programs.run("wick-config", environment=environment)
    expect("what keygen writes is a configuration", status == 0 and "environment WICK_LINKS__TRADER_KEY" in out, errors)
    expect("the secret is not shown", secrets["trader"] not in out and "secret_key: (secret)" in out, out)

    data = home / "data"
    expect("a data directory gets its keys", programs.run("wick-keygen", "--data", data)[0] == 0)
    made = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}
    expect("a pair a role", sorted(made) == sorted(f"{role}.{kind}" for role in ROLES for kind in ("public", "secret")))
    (data / "keys/trader.public").unlink()
    (data / "keys/trader.secret").unlink()
    programs.run("wick-keygen", "--data", data)
    kept = {path.name: path.read_bytes() for path in (data / "keys").iterdir() if not path.name.startswith("trader")}
    expect("what is there stays", kept == {name: key for name, key in made.items() if not name.startswith("trader")})


def check_passwd(programs):
    status, out, errors = programs.run("wick-passwd", text="correct horse battery\n")
    expect("a line from a pipe is hashed", status == 0 and re.fullmatch(r"\$argon2id\$v=19\$m=65536,t=3,p=1\$\S+\n", out), out)
    expect("the password is not shown", "horse" not in out + errors)
    for text, message in (("short\n", "5 bytes; expected 12 to 255"), ("", "no password"), ("x" * 300 + "\n", "expected 12 to"),
                          ("with a\ttab in it\n", "control character")):
        status, out, errors = programs.run("wick-passwd", text=text)
        expect(f"{text[:20]!r} is refused", status == 1 and out == "" and message in errors, errors)
    for second, wanted in (("correct horse battery", 0), ("correct horse batterz", 1)):
        status, shown, out = type_on_terminal(programs, ["correct horse battery", second])
        expect(f"typed twice: {wanted}", status == wanted and ("$argon2id$" in out) == (wanted == 0), f"{status} {shown} {out}")
        expect("nothing of it is echoed", "horse" not in shown, shown)


def type_on_terminal(programs, lines):
    """Runs wick-passwd on a terminal of its own and types; the status, what the terminal showed, what went to stdout."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(programs.folder / "wick-passwd")], stdin=theirs, stderr=theirs,
                          stdout=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        for line in lines:
            count = shown.count(b": ")
            while shown.count(b": ") == count:  # its question
                shown += os.read(ours, 1000)
            os.write(ours, line.encode() + b"\n")
        out = process.stdout.read().decode()
        status = process.wait(60)
    try:
        shown += os.read(ours, 10000)
    except OSError:  # the other end is closed and all was read
        pass
    os.close(ours)
    return status, shown.decode(), out


def check_config(programs, home):
    file = home / "wick.yaml"
    file.write_text("limits:\n  stake: 112.5\nexchange:\n  api_key: do-not-show\n")
    file.chmod(0o640)
    environment = {"WICK_TRADER__FEE_PPM": "750", "DATABASE_URL": "postgresql://me:hidden-word@db/wick"}
    status, out, _ = programs.run("wick-config", "--config", file, "--market.symbols", "BTCUSDT,ETHUSDT",
                                  environment=environment)
    expect("the file's value and place", status == 0 and re.search(rf"^  stake: 112\.5  # {file}:2:\d+$", out, re.M), out)
    expect("the environment's", "  fee_ppm: 750  # environment WICK_TRADER__FEE_PPM" in out, out)
    expect("the flag's", "  symbols: BTCUSDT,ETHUSDT  # flag --market.symbols" in out, out)
    expect("secrets are hidden", "do-not-show" not in out and "hidden-word" not in out, out)
    expect("where they came from is not", "url: (secret)  # environment DATABASE_URL" in out, out)
    sample = programs.run("wick-config", "--sample")[1]
    file.write_text(sample)
    expect("the sample is a configuration", programs.run("wick-config", "--config", file)[0] == 0, sample)
    file.write_text(re.sub(r"^  # (\w+: )", r"  \1", sample, flags=re.M))
    status, _, errors = programs.run("wick-config", "--config", file)
    expect("and so it is with every default written out", status == 0, errors)
    file.write_text("limits: {stake: lots}\n")
    expect("a bad one ends with 4", programs.run("wick-config", "--config", file)[0] == 4)


REFUSED = (  # what all of them refuse before they do anything: (flag, what is said)
    ("--sma_cross.fast=30", "flag --sma_cross.fast: error: sma_cross.fast is 30, it must be below sma_cross.slow"),
    ("--market.intervals=7m", "flag --market.intervals: error: market.intervals: '7m' is not an interval"),
    ("--market.order=random", "error: market.order: 'random' is not one of volume, name"),
    ("--database.retention=1m=30", "error: database.retention: '1m=30' is not INTERVAL=DAYSd"),
    ("--dashboard.password=do-not-show", "error: dashboard.password: expected secret of 12 to 255 bytes"),
    ("--trader.stake=1000.01", "error: trader.stake is 1000.01, it must be at most limits.stake, which is 1000"),
    ("--exchange.name=binanec", "did you mean 'binance'?"),
    ("--database.url=mysql://me:do-not-show@db/wick", "unknown scheme 'mysql'"),
)


def check_refusals(programs, home):
    """One check for all: what `config` says of a value is what each process and `up` say."""
    everybody = ("wick-config", "wick-up", *(f"wick-{role}" for role in ROLES))
    for flag, said in REFUSED:
        told = set()
        for name in everybody:
            status, out, errors = programs.run(name, flag, directory=home)
            expect(f"{name} {flag} ends with 4", status == 4, f"{status} {errors}")
            expect(f"{name} {flag} says why", said in errors and "do-not-show" not in out + errors, errors)
            told.add(errors.splitlines()[0])
        expect(f"all say the same of {flag}", len(told) == 1, told)
    for name in everybody:
        status, _, errors = programs.run(name, "--trader.steak=1", directory=home)
        expect(f"{name} knows no --trader.steak", status == 2 and "did you mean '--trader.stake'?" in errors, errors)
    status, _, errors = programs.run("wick-config", "--exchange.name=okx", "--market.intervals=8h")
    expect("an interval that the exchange lacks", status == 4 and "flag --market.intervals: error" in errors
           and "okx has no candles of 8h; it has 1m" in errors, errors)
    file = home / "wick.yaml"
    file.write_text("market:\n  symbols: *ABC\ndashboard:\n  password: *do-not-show\n")
    file.chmod(0o600)
    for name in everybody:
        status, out, errors = programs.run(name, "--config", file, directory=home)
        expect(f"{name} shows the quotes", status == 4 and f'{file}:2:12: error: ' in errors and '"*ABC"' in errors, errors)
        expect(f"{name} shows no secret", "do-not-show" not in out + errors, errors)
    file.unlink()
    expect("nothing was written", list(home.iterdir()) == [], list(home.iterdir()))


def check_exchanges_and_status(programs, home):
    listed = {row["name"]: row for row in json.loads(programs.run("wick-exchanges", "--json")[1])}
    expect("the exchanges are there", {"binance", "kraken", "okx", "bybit", "coinbase", "simulated"} == set(listed), str(list(listed)))
    expect("their addresses", all(row["base_url"].startswith("https://") != (name == "simulated")
                                  for name, row in listed.items()))
    binance, okx, bybit = listed["binance"], listed["okx"], listed["bybit"]
    expect("Binance's prices", (binance["weight_limit"], binance["weight_window_ms"], binance["weight_window_whole"],
                                binance["tickers_per_call"], binance["candles_per_call"]) == (6000, 60000, True, 20, 1000))
    expect("Binance's stream", binance["stream"]["topics_per_connection"] == 1024
           and binance["stream"]["tickers_url"].startswith("wss://"), str(binance["stream"]))
    expect("OKX has no candles of 8 hours", "8h" in binance["intervals"] and "8h" not in okx["intervals"])
    expect("Bybit's tickers are had by REST", bybit["stream"]["tickers_url"] is None
           and bybit["stream"]["candles_url"].startswith("wss://"), str(bybit["stream"]))
    expect("Coinbase streams candles of 5m alone", listed["coinbase"]["stream"]["intervals"] == ["5m"]
           and listed["coinbase"]["leaves_out_quiet"] and okx["stream"]["intervals"] == okx["intervals"])
    expect("Kraken keeps no more than its newest", listed["kraken"]["candles_reach"] == 719)
    lines = programs.run("wick-exchanges")[1].splitlines()
    expect("the text has a heading and a row for each, twice", len(lines) == 2 * (len(listed) + 1) + 1, str(lines))
    expect("of at most 100 columns", max(map(len, lines)) <= 100, str(max(map(len, lines))))
    expect("its columns are aligned", {line.find("http") for line in lines if "http" in line} == {lines[0].find("address")})
    expect("and say what the other form says", any(line.startswith("binance ") and "6000 in 60 s" in line
                                                    and line.endswith("tickers, candles") for line in lines), str(lines))
    status, out, errors = programs.run("wick-status", "--data", home / "nothing")
    expect("nothing runs", status == 3 and out == "" and "nothing runs in" in errors, errors)
    status, out, _ = programs.run("wick-status", "--json", "--data", home / "nothing")
    told = json.loads(out)
    expect("nothing runs, as JSON", status == 3 and told["processes"] == [] and told["pid"] is None
           and "nothing runs in" in told["error"], out)


def check_earlier_data(programs, home):
    """What an earlier version simulated and stored as Binance's: to be read, but neither added to nor mended with Binance's."""
    row = "2024-06-01T00:00Z"
    file = home / "ABCUSDT_1m.csv"
    file.write_text("open_time_ms,open,high,low,close,volume\n1717200000000,1,3,1,2,5\n")
    data = home / "data"
    status, _, errors = programs.run("wick-import", "--exchange", "binance", "--data", data, file)
    expect("an import makes its directory", status == 0, errors)
    (data / "market").write_text("generated 77\n")
    status, out, errors = programs.run("wick-export", "--data", data, "--symbol", "ABCUSDT", "--interval", "1m")
    expect("it is exported without a word on the exchange", status == 0 and "1717200000000,1,3,1,2,5" in out, errors)
    status, out, errors = programs.run("wick-verify", "--data", data)
    expect("it is verified", status == 0 and f"ok binance ABCUSDT 1m: 1 candles {row}" in out, out + errors)
    for command in (("wick-import", file), ("wick-import", "--exchange", "simulated", file), ("wick-up",),
                    ("wick-up", "--exchange", "binance"), ("wick-verify", "--repair")):
        status, _, errors = programs.run(command[0], "--data", data, *command[1:])
        expect(f"{command} leaves it alone", status == 1 and "holds simulated data" in errors and "binance" in errors, errors)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    programs = Programs(sys.argv[1])
    checks = (check_usage, check_version, check_keygen, check_config, check_refusals,
              check_exchanges_and_status, check_earlier_data)
    for check in checks:
        with tempfile.TemporaryDirectory(prefix="wick-programs-") as home:
            check(programs, Path(home))
    check_passwd(programs)
    print(f"{failures} finding(s)")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
