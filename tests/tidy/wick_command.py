"""Runs the script `wick` in a world of stubs: which packages it asks for, when it is silent, what it says without rights.

usage: wick_command.py, in the project's folder
"""
# SPDX-License-Identifier: MIT
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REAL = ("awk", "bash", "cat", "chmod", "cmp", "cp", "dirname", "env", "flock", "grep", "head", "mkdir", "mv", "readlink",
        "rm", "sed", "sort", "tail", "tee", "touch", "tr", "uniq")
COMMANDS = ("gcc", "g++", "cmake", "ninja", "pkg-config", "node", "npm")
LIBRARIES = ("libc6-dev", "libzmq3-dev", "libcurl4-openssl-dev", "libpq-dev", "libsqlite3-dev", "libmicrohttpd-dev",
             "libwslay-dev",
             "libsodium-dev", "libfyaml-dev", "libsimdjson-dev", "zlib1g-dev", "libzip-dev", "ca-certificates")

STUBS = {
    "dpkg-query": 'for package in "${@:4}"; do grep -qx "$package" "$WORLD/installed" && echo "ii $package"; done; exit 1',
    "apt-cache": 'grep -qx "$2" "$WORLD/offered" && echo "  Candidate: 1.0" || echo "  Candidate: (none)"',
    "apt-get": 'echo "apt-get $*" >>"$WORLD/calls"; [ "$1" != install ] || [ ! -e "$WORLD/broken" ]',
    "id": 'cat "$WORLD/uid"',
    "cmake": 'echo "cmake $*" >>"$WORLD/calls"; mkdir -p build/release; touch build/release/build.ninja',
    "ninja": 'echo "ninja $*" >>"$WORLD/calls"; echo "ninja: no work to do."',
    "node": "echo v18.20.4",
    "npm": 'echo "npm $*" >>"$WORLD/calls"; mkdir -p "$3/node_modules"',
}


class World:
    """A project folder with the script, and a PATH on which only what is listed exists."""

    def __init__(self, folder, installed, offered, commands=COMMANDS, uid="0", sudo=False):
        self.project, self.bin, self.state = folder / "project", folder / "bin", folder / "state"
        for directory in (self.project / "dashboard/web", self.project / "tests", self.bin, self.state):
            directory.mkdir(parents=True)
        shutil.copy("wick", self.project)
        shutil.copy("tests/run.sh", self.project / "tests")
        (self.project / "CMakeLists.txt").write_text("project(wick VERSION 7.8.9 LANGUAGES C)\n")
        shutil.copytree("docs/help", self.project / "docs/help")
        (self.project / "CMakePresets.json").touch()
        (self.project / "dashboard/web/package-lock.json").write_text("{}")
        for name in REAL:
            (self.bin / name).symlink_to(shutil.which(name))
        for name, body in STUBS.items():
            if name not in COMMANDS or name in commands:
                self.stub(name, body)
        for name in set(commands) - set(STUBS):
            self.stub(name, "exit 0")
        if sudo:
            self.stub("sudo", 'echo "sudo $1" >>"$WORLD/calls"; exec "$@"')
        self.write("installed", installed)
        self.write("offered", offered)
        self.write("uid", [uid])
        self.write("calls", [])

    def stub(self, name, body):
        path = self.bin / name
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def write(self, name, lines):
        (self.state / name).write_text("".join(f"{line}\n" for line in lines))

    def run(self, *arguments):
        """The exit status, what was written, and the calls of stubs."""
        environment = {"PATH": str(self.bin), "WORLD": str(self.state), "TMPDIR": str(self.state)}
        done = subprocess.run([str(self.project / "wick"), *arguments], env=environment, cwd=os.sep, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        calls = (self.state / "calls").read_text().splitlines()
        self.write("calls", [])
        return done.returncode, done.stdout, calls


failures = 0


def expect(what, holds, shown=""):
    global failures
    if not holds:
        print(f"not so: {what}\n{shown}")
        failures += 1


def installs(calls):
    return [word for call in calls if call.startswith("apt-get install") for word in call.split() if word[0] != "-"][2:]


def check_silence(folder):
    world = World(folder, [*LIBRARIES, "libmsgpack-dev"], [])
    status, text, calls = world.run("build")
    expect("a first build configures and builds", status == 0 and any(c.startswith("cmake --preset release") for c in calls),
           f"{status} {text} {calls}")
    expect("npm installs what the lock file says", any(c.startswith("npm ci --prefix") for c in calls), calls)
    status, text, calls = world.run("build")
    expect("a second build says nothing", status == 0 and text == "", text)
    expect("and only asks ninja", [c.split()[0] for c in calls] == ["ninja"], calls)


def check_packages(folder, offered, wanted):
    world = World(folder, [], offered, commands=("node", "npm"))
    status, text, calls = world.run("build")
    got = installs(calls)
    expect(f"{wanted} is asked for", wanted in got, got)
    expect("what is there as a command is not", "nodejs" not in got and "npm" not in got, got)
    expect("every library is", set(LIBRARIES) <= set(got) and {"gcc", "g++", "cmake", "ninja-build"} <= set(got), got)
    expect("the lists are read once, before", [c for c in calls if "update" in c] == ["apt-get update -qq"], calls)
    expect("it says what it installs", f"installing {' '.join(got)}" in text, text)
    expect("it fails here only because nothing was really installed", status != 0, text)


def check_one_missing(folder):
    world = World(folder, [*LIBRARIES[1:], "libmsgpack-c-dev"], ["libc6-dev"])
    _, _, calls = world.run("build")
    expect("only what is missing is installed", installs(calls) == ["libc6-dev"], calls)


def check_rights(folder):
    world = World(folder / "none", LIBRARIES[1:], [], uid="1000")
    status, text, calls = world.run("build")
    expect("without root and sudo it says what is missing", status == 1 and "libc6-dev" in text and "sudo" in text, text)
    expect("and calls nothing", calls == [], calls)
    world = World(folder / "sudo", LIBRARIES[1:], ["libc6-dev"], uid="1000", sudo=True)
    _, _, calls = world.run("build")
    expect("sudo is used where it is", "sudo apt-get" in calls and "sudo env" in calls, calls)
    (world.state / "broken").touch()
    status, text, _ = world.run("build")
    expect("a failing installation is told", status == 1 and "installing failed: libc6-dev" in text, text)


def check_verbs(folder):
    world = World(folder, [], [])
    for arguments, wanted in ((["--help"], 0), ([], 2), (["frob"], 2), (["backtest"], 2), (["test", "--frob"], 2),
                              (["test", "--long", "frob"], 2)):
        status, text, calls = world.run(*arguments)
        expect(f"wick {arguments} ends with {wanted}", status == wanted and calls == [], f"{status} {text} {calls}")
        expect(f"wick {arguments} says how it is used", "usage: wick" in text or "takes no arguments" in text, text)
    for verb in ("up", "status", "simulator", "config", "keygen", "passwd", "exchanges", "import", "export", "verify", "build",
                 "bench"):
        status, text, calls = world.run(verb, "--help")
        expect(f"wick {verb} --help neither installs nor builds", status == 0 and text.startswith("usage: wick") and calls == [],
               f"{status} {text} {calls}")
    status, text, calls = world.run("--version")
    expect("wick --version neither", status == 0 and text == "wick 7.8.9, commit unknown, not built\n" and calls == [], text)
    program = world.project / "build/release/bin/wick-up"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!{shutil.which('bash')}\necho wick-up 7.8.9, commit abc, Release\n")
    program.chmod(0o755)
    expect("and tells what is built", world.run("--version")[1] == "wick 7.8.9, commit abc, Release\n")
    (world.project / "CMakeLists.txt").unlink()
    world.stub("wick-up", "echo wick-up 7.8.9, commit def, Release")
    expect("an installation tells its own", world.run("--version")[1] == "wick 7.8.9, commit def, Release\n")
    for verb in ("keygen", "import", "export", "verify"):
        world.stub(f"wick-{verb}", f'echo "{verb} $*"')
        expect(f"an installation runs wick-{verb}", world.run(verb, "--data", "x")[1] == f"{verb} --data x\n")


def main():
    with tempfile.TemporaryDirectory(prefix="wick-command-") as name:
        folder = Path(name)
        check_silence(folder / "silence")
        later = [*LIBRARIES, "gcc", "g++", "cmake", "ninja-build", "pkg-config", "libmsgpack-c-dev", "libmsgpack-cxx-dev"]
        check_packages(folder / "later", later, "libmsgpack-c-dev")
        check_packages(folder / "debian12", [*later[:-2], "libmsgpack-dev"], "libmsgpack-dev")
        check_one_missing(folder / "one")
        check_rights(folder / "rights")
        check_verbs(folder / "verbs")
    print(f"{failures} finding(s)")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
