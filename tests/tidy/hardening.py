"""Checks that programs are built as hardened as cmake/build.cmake says, by what readelf tells.

usage: hardening.py PROGRAM...
"""
# SPDX-License-Identifier: MIT
import re
import subprocess
import sys

# What readelf must or must not print: (what is meant, pattern, whether it must be there).
RULES = (
    ("position independent (PIE)", r"^\s*Type:\s+DYN", True),
    ("read-only relocations (RELRO)", r"^\s*GNU_RELRO\s", True),
    ("all symbols bound at start (BIND_NOW)", r"\(FLAGS_1\).*\bNOW\b|\(BIND_NOW\)", True),
    ("a stack that cannot be executed", r"^\s*GNU_STACK\s.*\sRW\s", True),
    ("a stack protector", r"__stack_chk_fail", True),
    ("checked library calls (_FORTIFY_SOURCE)", r"UND\s+__\w+_chk\b", True),
    ("a path to search libraries in (RPATH)", r"\((RPATH|RUNPATH)\)", False),
)


def main():
    programs = sys.argv[1:]
    if not programs:
        sys.exit(__doc__)
    failures = 0
    for program in programs:
        told = subprocess.run(["readelf", "--wide", "--file-header", "--segments", "--dynamic", "--dyn-syms", program],
                              check=True, capture_output=True, text=True).stdout
        for meaning, pattern, wanted in RULES:
            if bool(re.search(pattern, told, re.M)) != wanted:
                print(f"{program}: {'lacks' if wanted else 'has'} {meaning}")
                failures += 1
    print(f"{len(programs)} programs looked at, {failures} finding(s)")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
