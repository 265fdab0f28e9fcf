"""The simulated exchange alone, with a journal of what it was asked and what it did."""
# SPDX-License-Identifier: MIT

import json
import time

import wick


class Exchange(wick.Program):
    """The simulated exchange alone, with a journal."""

    def __init__(self, home, speed, *arguments):
        self.journal = home / "journal"
        self.speed = speed
        super().__init__("wick-simulator", "--speed", speed, "--journal", self.journal, *arguments)
        self.port = int(self.wait_line(r"event=ready port=(\d+)", 30).group(1))
        self.stream_port = int(self.wait_line(r"stream_port=(\d+)", 1).group(1))
        self.interval = self.wait_line(r"interval=(\w+)", 1).group(1)
        origin = self.wait_line(r"origin_monotonic_ms=(\d+) origin_exchange_ms=(\d+)", 1)
        self.origin_monotonic_ms, self.origin_exchange_ms = int(origin.group(1)), int(origin.group(2))

    def time_ms(self):
        """What its clock shows, without a request that it would have to answer."""
        passed_ms = time.monotonic() * 1000 - self.origin_monotonic_ms
        return int(self.origin_exchange_ms + passed_ms * self.speed)

    def events(self, name):
        lines = self.journal.read_bytes().split(b"\n")[:-1]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def streams(self):
        """What leads a run to its streams."""
        return {"WICK_EXCHANGE__STREAM_URL": f"ws://127.0.0.1:{self.stream_port}/ws"}

    def follow(self, data, *arguments, **environment):
        """A run that follows this exchange."""
        return wick.Run(data, "--speed", self.speed, *arguments,
                        environment={"WICK_EXCHANGE__NAME": "simulated",
                                     "WICK_EXCHANGE__URL": f"http://127.0.0.1:{self.port}",
                                     "WICK_MARKET__INTERVALS": self.interval, **environment})
