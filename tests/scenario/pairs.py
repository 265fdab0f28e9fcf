"""Two traders and two fetchers, each pair behind one address, as in every rolling deploy: one of each acts, the other
stands by, and who is connected to the one that stands by finds the other one."""
# SPDX-License-Identifier: MIT

import asyncio
import itertools
import re
import signal
import threading

import database
import simulator
import wick

SPEED = 60  # a candle a second
SYMBOLS = 12
ANALYZERS = 4
FRONT, BACKENDS = "127.0.0.1", ("127.0.0.2", "127.0.0.3")
FORWARDED = range(5)  # the fetcher's and the trader's links, counted from the base port
FOUND_S = 30  # links are connected anew after 5 s of silence, and lead to the right one the second time, or the third


class Balancer:
    """Forwards TCP connections: each goes to the next of the backends that takes it."""

    def __init__(self, base_port):
        self.base_port = base_port
        self.turns = {port: itertools.cycle((0, 1)) for port in FORWARDED}
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        wick.equal(self.ready.wait(10), True, "the balancer listens")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self):
        for port in FORWARDED:
            serve = lambda reader, writer, port=port: self._serve(port, reader, writer)
            self.loop.run_until_complete(asyncio.start_server(serve, FRONT, self.base_port + port))
        self.ready.set()
        self.loop.run_forever()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.close()

    async def _connect(self, port):
        first = next(self.turns[port])
        for backend in (BACKENDS[first], BACKENDS[1 - first]):
            try:
                return await asyncio.open_connection(backend, self.base_port + port)
            except OSError:
                continue
        return None

    async def _serve(self, port, reader, writer):
        self.connections += 1
        backend = await self._connect(port)
        if backend:
            await asyncio.gather(_pipe(reader, backend[1]), _pipe(backend[0], writer))
        writer.close()


async def _pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


class Deployment:
    """The processes of one, started one by one, without a supervisor."""

    def __init__(self, home, exchange, base_port):
        self.data = home / "data"
        self.data.mkdir()
        self.health_ports = {}
        self.programs = {}
        self.environment = wick.NO_FILL | exchange.streams() | {
            "WICK_PROCESS__DATA_DIR": self.data,
            "WICK_LINKS__BASE_PORT": base_port,
            "WICK_EXCHANGE__NAME": "simulated",
            "WICK_EXCHANGE__URL": f"http://127.0.0.1:{exchange.port}",
            "WICK_EXCHANGE__SPEED": SPEED,
            "WICK_MARKET__INTERVALS": exchange.interval,
            "DASHBOARD_PASSWORD": "a-password-of-this-test",
        }

    def start(self, role, name=None, address=FRONT):
        name = name or role
        self.health_ports[name] = wick.free_port()
        self.programs[name] = wick.Program(f"wick-{role}", environment=self.environment | {
            "WICK_LINKS__BIND_ADDRESS": address,
            "WICK_PROCESS__HEALTH_PORT": self.health_ports[name],
            "WICK_DASHBOARD__PORT": wick.free_port(),
        }, directory=self.data)
        self.programs[name].wait_line("event=started", 20)

    def metric(self, name, metric):
        try:
            _, body = wick.http_get(self.health_ports[name], "/metrics")
        except OSError:
            return None
        found = re.search(rf"^wick_{metric}(?:\{{[^}}]*\}})? (\S+)$", body, re.MULTILINE)
        return float(found.group(1)) if found else None

    def is_ready(self, name):
        try:
            return wick.http_get(self.health_ports[name], "/readyz")[0] == 200
        except OSError:
            return False

    def active(self, role):
        """Which of the pair holds the lease; waits until one of them does."""
        return wick.wait_until(f"a {role} holds the lease", 20, lambda: next(
            (name for name in self.programs if name.startswith(role) and self.metric(name, "lease_held") == 1), None))

    def kill(self, name):
        self.programs.pop(name).destroy()
        print(f"  {name} is killed", flush=True)

    def stop(self):
        for name, program in self.programs.items():
            program.signal(signal.SIGTERM)
            wick.equal(program.wait_end(wick.STOP_S), wick.OK, f"exit status of {name}")


def analyzers():
    return [f"analyzer-{i}" for i in range(ANALYZERS)]


def start_all(deployment):
    deployment.start("persister")
    for address in BACKENDS:
        deployment.start("fetcher", f"fetcher-{address}", address)
        deployment.start("trader", f"trader-{address}", address)
    for name in analyzers():
        deployment.start("analyzer", name)
    deployment.start("dashboard")


def check_all_work(deployment, store, what):
    """Every analyzer's signals are decided and stored, and the dashboard hears the trader."""
    stored = lambda: int(store.rows("SELECT count(*) FROM signals")[0][0])
    acked = lambda name: deployment.metric(name, "signals_sent_total") - deployment.metric(name, "signals_waiting")
    shown = {name: acked(name) for name in analyzers()}
    before = stored()
    wick.wait_until(f"signals are stored {what}", FOUND_S, lambda: stored() > before)
    for name in analyzers():
        wick.wait_until(f"signals of {name} are acked {what}", FOUND_S, lambda: acked(name) > shown[name])
    wick.wait_until(f"the dashboard is ready {what}", FOUND_S, lambda: deployment.is_ready("dashboard"))
    print(f"  {what}: {stored()} signals are stored", flush=True)


@wick.scenario
def who_stands_by_holds_nothing_up(home):
    exchange = simulator.Exchange(home, SPEED, "--generate", SYMBOLS, "--seed", 5)
    base_port = wick.free_port()
    deployment = Deployment(home, exchange, base_port)
    store = database.Sqlite(deployment.data / "wick.db")
    with Balancer(base_port) as balancer:
        start_all(deployment)
        wick.wait_until("the analyzers are ready", wick.READY_S, lambda: all(map(deployment.is_ready, analyzers())))
        check_all_work(deployment, store, "after the start")
        for role in ("trader", "fetcher"):
            name = deployment.active(role)
            deployment.kill(name)
            deployment.active(role)  # the other one
            check_all_work(deployment, store, f"after the active {role} was killed")
            deployment.start(role, name, name.split("-")[1])
        print(f"  {balancer.connections} connections", flush=True)
        deployment.stop()
    wick.equal(exchange.stop(), wick.OK, "exit status of the exchange")


if __name__ == "__main__":
    wick.main()
