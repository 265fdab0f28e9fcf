"""Reads the views of a run's database, and starts a PostgreSQL of our own."""
# SPDX-License-Identifier: MIT

import csv
import glob
import io
import os
import pathlib
import pwd
import shutil
import signal
import sqlite3
import subprocess

import wick

PASSWORD = "canary-of-the-database"  # of our own PostgreSQL; must never be seen anywhere


class Sqlite:
    def __init__(self, path):
        self.path = path

    def rows(self, sql):
        """Rows of texts; NULL is the empty text, as psql has it."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)
        try:
            return [tuple("" if value is None else str(value) for value in row) for row in connection.execute(sql)]
        finally:
            connection.close()


class Postgres:
    """A server with its own data directory and port; runs as another user when we are root. It does not sync to disk,
    which loses nothing when only processes are killed."""

    def __init__(self, home):
        self.programs = self._find_programs()
        self.user = "nobody" if os.geteuid() == 0 else None
        self.home = pathlib.Path(home) / "postgres"
        self.data = self.home / "data"
        self.port = wick.free_port()
        self.process = None
        self._initialise()

    @staticmethod
    def _find_programs():
        places = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
        found = places[-1] if places else shutil.which("postgres")
        if not found or not shutil.which("psql"):
            raise wick.Skipped("there is no PostgreSQL on this machine")
        return pathlib.Path(found).parent

    def _initialise(self):
        self.home.mkdir(mode=0o755)
        os.chmod(self.home.parent, 0o755)
        password_file = self.home / "password"
        password_file.write_text(PASSWORD + "\n")
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [self.programs / "initdb", "-D", self.data, "-U", "wick", "--pwfile", password_file, "-A", "scram-sha-256",
             "--no-sync", "-E", "UTF8", "--locale", "C"],
            check=True, user=self.user, cwd=self.home, stdout=subprocess.DEVNULL)
        password_file.unlink()

    def start(self):
        log = open(self.home / "log", "ab")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.home, "-h", "127.0.0.1",
             "-F", "-c", "max_connections=20"],
            user=self.user, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        wick.wait_until("PostgreSQL answers", 30, lambda: self._ask("SELECT 1", "postgres").returncode == 0)
        return self

    def kill(self):
        """SIGKILL to the server and all its processes, which no shutdown of theirs survives."""
        below = wick.descendants(self.process.pid)
        for pid in [self.process.pid] + [pid for pid, _ in below]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        wick.wait_until("PostgreSQL's processes are gone", 10, lambda: not wick.still_running(below))
        self.process = None

    def close(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def url(self, password=PASSWORD):
        return f"postgresql://wick:{password}@127.0.0.1:{self.port}/postgres"

    def _ask(self, sql, database):
        return subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "-t", "-c", sql, "-h", "127.0.0.1", "-p",
             str(self.port), "-U", "wick", database],
            env=wick.clean_environment({"PGPASSWORD": PASSWORD}), capture_output=True, text=True, check=False)

    def rows(self, sql):
        answer = self._ask(sql, "postgres")
        if answer.returncode != 0:
            raise AssertionError(f"psql: {answer.stderr}")
        return [tuple(row) for row in csv.reader(io.StringIO(answer.stdout))]


class Bouncer:
    """A pgbouncer in transaction mode in front of a server of ours."""

    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

    def __init__(self, server):
        if not self.program:
            raise wick.Skipped("there is no pgbouncer on this machine")
        self.server = server
        self.port = wick.free_port()
        self.process = None

    def start(self):
        settings = self.server.home / "pgbouncer.ini"
        users = self.server.home / "users.txt"
        users.write_text(f'"wick" "{PASSWORD}"\n')
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {users}\npool_mode = transaction\ndefault_pool_size = 8\n"
            "server_login_retry = 1\nlogfile =\n")
        for path in (settings, users):
            shutil.chown(path, self.server.user or os.geteuid())
        log = open(self.server.home / "pgbouncer.log", "ab")
        self.process = subprocess.Popen([self.program, settings], user=self.server.user, cwd=self.server.home,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(20)

    def url(self):
        return f"postgresql://wick:{PASSWORD}@127.0.0.1:{self.port}/postgres"
