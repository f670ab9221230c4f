"""What goes wrong in a run, in an order drawn from its seed, and the faults of the sandbox meanwhile."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from tests.chaos.installation import Installation
from tests.chaos.points import Point
from tests.chaos.sizes import Size
from tests.sandbox_server import wait_for

DOOR_IS_DOWN = 600.0  # seconds of the world
SPIKE = 2.0  # seconds of the world
# All of them pass.
CODES = [3006, 3001, 3005, 1007, 2009]
ALWAYS = {
    "error_rate": 0.2,
    "error_codes": CODES,
    "drop_before_rate": 0.02,
    "drop_after_rate": 0.05,
    "webhook_duplicate_rate": 0.3,
    "webhook_shuffle": True,
    "webhook_drop_rate": 0.1,
}
SECONDS_TO_DIE = 300.0
STILL_WAITING = 0.1  # of all messages, when it becomes calm
SECONDS_TO_LEAVE = 1200.0


class Disasters:
    """All that a size asks for, once each. `count` says what has happened."""

    def __init__(self, installation: Installation, size: Size, luck: random.Random) -> None:
        self.installation = installation
        self.size = size
        self.count: Counter[str] = Counter()
        self._luck = luck
        self._points = list(Point) * size.rounds_of_points
        luck.shuffle(self._points)
        self._crash = False
        self._workers = [str(number) for number in range(1, size.workers + 1)]

    def all(self) -> list[Callable[[], None]]:
        """The disasters in the order of this run. The door's ten minutes are in the middle of it."""
        several = (
            (self.kill_a_worker, self.size.random_kills),
            (self.restart_redis, self.size.redis_restarts),
            (self.restart_postgres, self.size.postgres_restarts),
            (self.kill_web, self.size.web_kills),
            (self.kill_a_beat, self.size.beat_kills),
            (self.wait_for_a_point, len(Point) * self.size.rounds_of_points),
        )
        found: list[Callable[[], None]] = [one for one, times in several for _ in range(times)]
        self._luck.shuffle(found)
        found.insert(len(found) // 2, self.take_the_door_down)
        return found

    def begin(self) -> None:
        """The workers of the run: those that die at random, and one that dies at named points."""
        self.installation.run_at(self.size.storm_speed)
        self.weather()
        for name in self._workers:
            self.installation.start_worker(name)
        self.installation.kill("worker first")
        self._arm()

    def weather(self) -> None:
        """The faults of the next while: always errors, cuts and unreliable webhooks, at times more than that."""
        more = self._luck.choice(
            [
                {},
                {"latency_ms": 1000 * SPIKE / self.installation.speed},
                {"rate_limit": self.installation.speed / 2},
            ]
        )
        self.count["storms of 429"] += "rate_limit" in more
        self.count["spikes of 2 s"] += "latency_ms" in more
        self.installation.sandbox.control("faults", {**ALWAYS, **more})

    def calm(self) -> None:
        """No more faults, and everybody at work. That begins when most has left: what is tested is not the speed."""
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while self.installation.waiting() > self.size.messages * STILL_WAITING and time.monotonic() < deadline:
            self.pause()
            self.weather()
        self.installation.run_at(self.size.speed)
        self.installation.sandbox.control("faults", {})
        if self.installation.is_running("worker points"):
            self.installation.kill("worker points")
        self.installation.start_worker("last")

    def pause(self) -> None:
        time.sleep(self._luck.uniform(*self.size.pause))

    def kill_a_worker(self) -> None:
        name = self._luck.choice(self._workers)
        self.installation.kill(f"worker {name}")
        self.installation.start_worker(name)
        self.count["workers killed at random"] += 1

    def wait_for_a_point(self) -> None:
        wait_for(partial(self.installation.has_died, "worker points"), seconds=SECONDS_TO_DIE, what=self._due)
        self._arm()

    def restart_redis(self) -> None:
        self.installation.restart_redis()
        self.count["Redis restarts"] += 1

    def restart_postgres(self) -> None:
        self._crash = not self._crash
        self.installation.restart_postgres(crash=self._crash)
        self.count["PostgreSQL restarts"] += 1

    def kill_web(self) -> None:
        self.installation.kill("web")
        self.pause()
        self.installation.start_web()
        self.count["web killed"] += 1

    def kill_a_beat(self) -> None:
        name = self._luck.choice("ab")
        self.installation.kill(f"beat {name}")
        self.pause()
        self.installation.start_beat(name)
        self.count["beats killed"] += 1

    def take_the_door_down(self) -> None:
        """Ten minutes of the world without a door, while messages leave and people answer."""
        self.installation.kill("web")
        until = self.installation.now().timestamp() + DOOR_IS_DOWN
        self.pause()
        self.installation.run_at(self.size.door_down_speed)
        while self.installation.now().timestamp() < until:
            time.sleep(0.1)
        self.installation.run_at(self.size.storm_speed)
        self.installation.start_web()
        self.count["doors down for ten minutes"] += 1

    def _arm(self) -> None:
        self._due = f"a worker to die: {self._points[-1]}" if self._points else ""
        if self._points:
            self.installation.start_worker("points", dies_at=self._points.pop())
