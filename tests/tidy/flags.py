"""Checks that every file of the project is compiled so that floating-point arithmetic is the same on every machine.

usage: flags.py compile_commands.json
"""
# SPDX-License-Identifier: MIT
import json
import shlex
import sys
from pathlib import Path

# The last one of its kind holds. GCC's default, "fast", fuses a * b + c into one rounding where the machine can (arm64).
WANTED = "-ffp-contract=off"
LOOSE = ("-ffp-contract=", "-ffast-math", "-Ofast", "-funsafe-math-optimizations", "-fassociative-math",
         "-freciprocal-math", "-mfpmath=387")


def last_word(arguments):
    words = [argument for argument in arguments if argument.startswith(LOOSE)]
    return words[-1] if words else None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    commands = json.loads(Path(sys.argv[1]).read_text())
    wrong = [(row["file"], word) for row in commands if (word := last_word(shlex.split(row["command"]))) != WANTED]
    for name, word in wrong:
        print(f"{name}: {word or 'nothing'} where {WANTED} is wanted")
    print(f"{len(commands)} commands looked at, {len(wrong)} finding(s)")
    sys.exit(1 if wrong or not commands else 0)


if __name__ == "__main__":
    main()
