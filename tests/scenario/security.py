"""Secrets stay where they belong, and nobody without a key or a session hears anything."""
# SPDX-License-Identifier: MIT

import http.client
import json
import pathlib
import re
import socket
import struct

import database
import wick

SMALL = ["--symbols", 5, "--analyzers", 2]
PASSWORD = "canary-of-the-dashboard"
LINKS = 7
VERSION_SIZE = 12  # of ZMTP's greeting: signature and version
SECRETS = {
    "DASHBOARD_PASSWORD": PASSWORD,
    "EXCHANGE_API_KEY": "canary-of-the-api-key",
    "EXCHANGE_API_SECRET": "canary-of-the-api-secret",
}


# ---- secrets ----

@wick.scenario
def secrets_are_seen_nowhere(home):
    with database.Postgres(home) as server:
        run = wick.Run(home / "data", *SMALL, environment=SECRETS | {"DATABASE_URL": server.url()}).wait_ready()
        cookie = log_in(run.port, PASSWORD)
        answers = {path: wick.http_get(run.port, path, {"Cookie": cookie})[1]
                   for path in ("/", "/api/v1/state", "/api/v1/signals", "/api/v1/equity")}
        for name, row in run.processes().items():
            if row["role"] != "simulator":
                answers[f"{name} /metrics"] = wick.http_get(row["health_port"], "/metrics")[1]
            answers |= process_files(row["pid"], name)
        answers |= process_files(run.pid, "up")
        answers["run.json"] = (run.data / "run.json").read_text()
        answers["status"] = wick.run_program("wick-status", "--json", "--data", run.data)[1]
        wick.equal(run.stop(), wick.OK, "exit status")
    answers["output"] = run.text()
    for path in run.data.rglob("*"):
        if path.is_file():
            answers[str(path)] = path.read_bytes().decode("latin-1")
    for place, text in answers.items():
        wick.equal(re.findall(r"canary-of[a-z-]*", text), [], f"secrets in {place}")
    own_files = [path for path in run.data.rglob("*") if path.is_file()]
    wick.equal([str(path) for path in own_files if path.stat().st_mode & 0o077], [], "files that others may read")


def process_files(pid, name):
    """What the system shows of a process, as far as we may look: /proc/PID/environ and cmdline."""
    found = {}
    for file in ("environ", "cmdline"):
        try:
            found[f"{file} of {name}"] = pathlib.Path(f"/proc/{pid}/{file}").read_text("latin-1")
        except PermissionError:
            continue
    return found


@wick.scenario
def a_secret_goes_only_to_its_readers(home):
    status, text = wick.run_program(
        "wick-config", environment=SECRETS | {"DATABASE_URL": "postgresql://u:canary-of@h/d"})
    wick.equal(status, wick.OK, "exit status of wick-config")
    wick.contains(text, r"password: \(secret\)")
    wick.equal("canary-of" in text, False, "a secret was printed")
    analyzer = wick.Program("wick-analyzer", environment=SECRETS | {"WICK_LINKS__BASE_PORT": wick.free_port()},
                            directory=home)
    analyzer.wait_line("event=started", 10)
    for place, shown in process_files(analyzer.pid, "the analyzer").items():
        wick.equal("canary-of" in shown, False, f"a secret stands in {place}")
    wick.equal(analyzer.stop(), wick.OK, "exit status of the analyzer")
    wick.equal("canary-of" in analyzer.text(), False, "a secret was printed")


# ---- the dashboard ----

def log_in(port, password):
    """The cookie of a new session, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/login", json.dumps({"password": password}),
                       {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    cookie = response.getheader("Set-Cookie")
    return cookie.split(";")[0] if response.status == 204 and cookie else None


def routes_that_need_a_session():
    text = (wick.PROJECT / "dashboard" / "routes.def").read_text()
    rows = re.findall(r'^ROUTE\((\w+), "([^"]+)", ([^,]+),', text, re.MULTILINE)
    return [(method, path.rstrip("*")) for method, path, needs in rows if "NEED_SESSION" in needs]


@wick.scenario
def no_data_without_a_session(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()
    routes = routes_that_need_a_session()
    wick.equal(len(routes) >= 8, True, "there are routes")
    for method, path in routes:
        for headers in ({}, {"Cookie": "wick_session=AAAA"}, {"X-Forwarded-For": "127.0.0.1"}):
            body = "{}" if method == "POST" else None
            status, _ = wick.http_get(run.port, path, headers | own_page(run.port), method, body)
            wick.equal(status, 401, f"{method} {path} with {headers}")
    wick.equal(wick.http_get(run.port, "/login")[0], 200, "the login page")
    wick.equal(log_in(run.port, "wrong" + run.password()), None, "session for a wrong password")
    cookie = log_in(run.port, run.password())
    wick.equal(wick.http_get(run.port, "/api/v1/state", {"Cookie": cookie})[0], 200, "state with a session")
    status, _ = wick.http_get(run.port, "/logout", {"Cookie": cookie} | own_page(run.port), "POST", "{}")
    wick.equal(status, 204, "logout")
    wick.equal(wick.http_get(run.port, "/api/v1/state", {"Cookie": cookie})[0], 401, "state after the logout")
    wick.equal(run.stop(), wick.OK, "exit status")


def own_page(port):
    return {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/json", "X-Requested-With": "wick"}


@wick.scenario
def no_dashboard_without_a_password(home):
    run = wick.Run(home / "data", *SMALL).wait_ready()  # makes the keys
    wick.equal(run.stop(), wick.OK, "exit status")
    environment = {"WICK_PROCESS__DATA_DIR": run.data, "PORT": run.port, "WICK_LINKS__BASE_PORT": wick.free_port()}
    for given in ({}, {"DASHBOARD_PASSWORD": ""}, {"DASHBOARD_PASSWORD": "short"}, {"DASHBOARD_PASSWORD_HASH": "x"}):
        status, text = wick.run_program("wick-dashboard", environment=environment | given)
        wick.equal(status, wick.BAD_CONFIGURATION, f"exit status with {given}")
        wick.contains(text, "password")


# ---- links ----

@wick.scenario
def a_stranger_hears_nothing(home):
    base = wick.free_port()
    run = wick.Run(home / "data", *SMALL, environment={"WICK_LINKS__BASE_PORT": base}).wait_ready()
    before = {name: run.metrics(name).get("messages_received_total", 0) for name in run.processes()}
    for port in range(base, base + LINKS):
        wick.equal(listen_without_key(port), b"", f"what a stranger hears on port {port}")
    wick.equal(len(before), 7, "processes")
    wick.equal(run.stop(), wick.OK, "exit status")


def listen_without_key(port):
    """Speaks ZMTP 3.0 without a key and subscribes to everything; returns all that comes after the greeting."""
    greeting = struct.pack(">B8xB2B20sB31x", 0xFF, 0x7F, 3, 0, b"NULL", 0)
    ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 3) + b"SUB"
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.settimeout(1)  # a subscriber with a key hears tickers within this time
        peer.sendall(greeting[:VERSION_SIZE])  # now the other side tells its mechanism
        heard = receive(peer, len(greeting))
        wick.equal(heard[VERSION_SIZE:VERSION_SIZE + 20].rstrip(b"\0"), b"CURVE", f"mechanism of port {port}")
        try:
            peer.sendall(greeting[VERSION_SIZE:])
            peer.sendall(struct.pack(">BB", 4, len(ready)) + ready + b"\x00\x01\x01")
        except ConnectionError:
            pass  # it has hung up
        return receive(peer, 65536)


def receive(peer, size):
    """Up to `size` bytes, fewer when it falls silent or hangs up."""
    heard = b""
    try:
        while len(heard) < size and (chunk := peer.recv(size - len(heard))):
            heard += chunk
    except (socket.timeout, ConnectionError):
        pass
    return heard


if __name__ == "__main__":
    wick.main()
