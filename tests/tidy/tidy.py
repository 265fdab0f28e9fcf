"""Reads the tree and prints file:line for everything that is not as CONTRIBUTING.md says. Exit status 1 if there is any.

usage: tidy.py PATH_OF_WICK_PAGES, in the project's folder
"""
# SPDX-License-Identifier: MIT
import json
import re
import subprocess
import sys
from pathlib import Path

FUNCTION_LINES = 70
FILE_LINES = 600
TEXT_FILES = {".c", ".h", ".cc", ".def", ".py", ".js", ".mjs", ".css", ".html", ".sql", ".md", ".cmake", ".yml", ".yaml",
              ".json", ".txt", ""}
GENERATED_PAGES = ("configuration", "errors", "ledger", "links", "messages", "metrics", "routes")
PROCESSES = ("fetcher", "analyzer", "trader", "persister", "dashboard")

# What a folder may include besides itself, by the longest prefix. Dependencies point one way.
BASE = ("lib/base/",)
PROTO = BASE + ("proto/",)
RUNTIME = PROTO + ("lib/runtime/",)
LIBRARIES = RUNTIME + ("lib/exchange/", "lib/series/", "lib/strategy/", "lib/ledger/", "lib/store/")
MAY_INCLUDE = {
    "lib/base/": BASE,
    "proto/": PROTO,
    "lib/runtime/": RUNTIME,
    "lib/exchange/": RUNTIME + ("lib/exchange/",),
    "lib/series/": RUNTIME + ("lib/series/",),
    "lib/strategy/": RUNTIME + ("lib/series/", "lib/strategy/"),
    "lib/ledger/": RUNTIME + ("lib/ledger/",),
    "lib/store/": RUNTIME + ("lib/store/",),
    **{f"{process}/": LIBRARIES + (f"{process}/",) for process in PROCESSES},
    "tools/": LIBRARIES + ("tools/",),
}
# Tables without code that the pages are printed from.
MAY_INCLUDE_ALSO = {("tools/pages/routes_page.c", "dashboard/routes.def")}

EVERYWHERE = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|atof|strtok|system|gets)\s*\(")
NEAR_MONEY = re.compile(r"\b(strtod|strtof|strtold)\s*\(|%[-+ 0#]*[0-9.*]*l?[gGeE]\b")
MONEY_PLACES = ("lib/ledger/", "lib/base/decimal.", "fetcher/", "trader/")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(home|Users|root)/\w")

findings = []


def find(path, line, what):
    findings.append(f"{path}:{line}: {what}")


def project_files():
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                           capture_output=True, text=True).stdout.split("\0")
    return [Path(name) for name in names if name and Path(name).is_file()]


COMMENT = r"/\*.*?\*/|//[^\n]*"
STRING = r'"(?:\\.|[^"\\\n])*"'


def blank_lines(text, strings):
    """The lines of C text with its comments blanked, and its string literals too if `strings`."""
    def replace(match):
        keep = match[0].startswith('"') and not strings
        return match[0] if keep else re.sub(r"[^\n]", " ", match[0])
    return re.sub(f"{COMMENT}|{STRING}", replace, text, flags=re.S).splitlines()


def check_function_lengths(sources):
    listing = subprocess.run(["ctags", "-L", "-", "--languages=C,C++", "--kinds-C=f", "--kinds-C++=f", "--fields=+ne",
                              "--output-format=json", "-o", "-"], check=True, capture_output=True, text=True,
                             input="\n".join(map(str, sources))).stdout
    functions = 0
    for line in listing.splitlines():
        tag = json.loads(line)
        functions += 1
        length = tag.get("end", tag["line"]) - tag["line"] + 1
        if length > FUNCTION_LINES:
            find(tag["path"], tag["line"], f"{tag['name']} has {length} lines; at most {FUNCTION_LINES}")
    if sources and functions == 0:
        find("tests/tidy/tidy.py", 1, "ctags found no function at all")


def check_file(path, text):
    lines = text.splitlines()
    if len(lines) > FILE_LINES and path.suffix in {".c", ".h", ".cc", ".py", ".js", ".mjs"}:
        find(path, FILE_LINES, f"the file has {len(lines)} lines; at most {FILE_LINES}")
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line) and path != Path("tests/tidy/tidy.py"):
            find(path, number, "a mark of unfinished work")
        if MACHINE_PATH.search(line):
            find(path, number, "a path of somebody's machine")
        if line != line.rstrip() and path.suffix != ".md":
            find(path, number, "blanks at the end of the line")


def check_includes(path, text):
    name = str(path)
    folder = max((f for f in MAY_INCLUDE if name.startswith(f)), key=len, default=None)
    if folder is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if match is None or (name, match[1]) in MAY_INCLUDE_ALSO:
            continue
        if not match[1].startswith(MAY_INCLUDE[folder]):
            find(path, number, f"{folder} may not include {match[1]}")


def check_calls(path, text):
    for number, line in enumerate(blank_lines(text, strings=True), 1):
        match = EVERYWHERE.search(line)
        if match:
            find(path, number, f"{match[1]} is not used here")
    if not str(path).startswith(MONEY_PLACES):
        return
    for number, line in enumerate(blank_lines(text, strings=False), 1):
        if NEAR_MONEY.search(line):
            find(path, number, "no floating-point text near money")


def check_shape(path, text):
    lines = text.splitlines()
    if "/* SPDX-License-Identifier: MIT */" not in lines[:20]:
        find(path, 1, "no SPDX line near the top")
    if not lines or not lines[0].startswith("/*"):
        find(path, 1, "the file does not begin with its purpose")


PROTOTYPE = re.compile(r"^(?!typedef|static|extern|struct\s+\w+\s*\{|enum|union|return|else)[A-Za-z_][\w \t*]*?\b(\w+)\(")


def check_prototypes(path, text):
    """Each prototype at the left margin stands below a comment, or below another prototype that does."""
    lines = text.splitlines()
    inside = False
    covered = False
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if inside:
            inside = "*/" not in stripped
            covered = True
            continue
        if stripped.startswith("/*"):
            inside = "*/" not in stripped
            covered = True
        elif stripped == "":
            covered = False
        elif PROTOTYPE.match(line) and not line.startswith("#") and not covered:
            find(path, number, f"{PROTOTYPE.match(line)[1]} has no comment above it")


def check_pages(program):
    for name in GENERATED_PAGES:
        printed = subprocess.run([program, name], check=True, capture_output=True, text=True).stdout
        path = Path("docs") / f"{name}.md"
        if not path.is_file():
            find(path, 1, f"missing; print it with wick-pages {name}")
        elif path.read_text() != printed:
            find(path, 1, f"out of date; print it with wick-pages {name}")


def check_citations():
    """Every path, and every path:name, that a page cites in backquotes exists."""
    folders = "|".join(sorted({str(path.parts[0]) for path in project_files() if len(path.parts) > 1}))
    citation = re.compile(rf"`((?:{folders})/[\w./-]+?)(?::(\w+))?`")
    for page in [*Path("docs").glob("*.md"), Path("README.md"), Path("CONTRIBUTING.md")]:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name, function in citation.findall(line):
                cited = Path(name)
                if not cited.exists():
                    find(page, number, f"there is no {name}")
                elif function and not re.search(rf"\b{function}\(", cited.read_text()):
                    find(page, number, f"there is no {function} in {name}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sources = []
    for path in project_files():
        if path.suffix not in TEXT_FILES or path.name == "package-lock.json" or "seeds" in path.parts:
            continue
        text = path.read_text(errors="replace")
        check_file(path, text)
        if path.suffix in {".c", ".h", ".cc"} and text:
            sources.append(path)
            check_shape(path, text)
            check_includes(path, text)
            check_calls(path, text)
        if path.suffix == ".h":
            check_prototypes(path, text)
    check_function_lengths(sources)
    check_pages(sys.argv[1])
    check_citations()
    print("\n".join(findings))
    print(f"{len(sources)} sources read, {len(findings)} finding(s)")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
