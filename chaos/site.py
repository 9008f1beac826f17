"""All the processes of one site under fire: worker, beat, web, broker and database, and a simulator beside it."""

import os
import random
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import requests

from chaos.broker import _point_django_at
from chaos.processes import Broker, Celery

PAUSES = (1.5, 6.0)  # seconds between two kills: a worker needs some of them to start
BETWEEN = 4.2  # on the average, with the restarts


class Process:
    """In a process group of its own, so that all of it can be killed."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=os.environ,
        )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        try:
            os.killpg(self._process.pid, 9)
        except ProcessLookupError:
            pass
        self._process.wait()


class Site:
    """On free ports, with a database and a broker of its own. `simulator` is `manage.py`'s command and its options; its
    address and the site's own are put into the environment under the names `settings` gives them.
    """

    def __init__(self, options: Namespace, *simulator: str, setting: str) -> None:
        self.database, self.broker = options.database, Broker()
        web, beside = free_port(), free_port()
        self.url, self.simulator = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{beside}"
        self.processes: dict[str, Any] = {}
        app = "chaos.unguarded" if options.control else "feedback_system"
        self._commands = {
            "simulator": ("manage.py", *simulator, "--port", str(beside), "--seed", str(options.seed)),
            "worker": ("-m", "celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", "2",
                       "--loglevel", "ERROR", "--without-gossip", "--without-mingle"),
            "web": ("-m", "granian", "--interface", "wsgi", "--port", str(web), "--workers", "1", "--blocking-threads",
                    "2", "--log-level", "error", "feedback_system.wsgi:application"),
        }  # fmt: skip
        os.environ |= {setting: self.simulator, "PUBLIC_URL": self.url, "REDIS_URL": self.broker.url}

        _point_here_too(setting, self.simulator)

    def start(self) -> None:
        _point_django_at(self.broker.url)
        self.broker.start()
        for name in self._commands:
            self._start(name)
        self.processes["beat"] = Celery.beat()
        until(lambda: requests.get(f"{self.simulator}/sim/state", timeout=5).ok)

    def _start(self, name: str) -> None:
        self.processes[name] = Process(*self._commands[name])

    def kill(self, name: str, pause: float) -> None:
        """With SIGKILL, and up again after so many seconds."""
        if name in ("database", "broker"):
            server = getattr(self, name)
            server.kill()
            time.sleep(pause)
            server.start()
        else:
            self.processes[name].kill()
            time.sleep(pause)
            self._start(name)

    def revive(self) -> None:
        """What ended by itself, e.g. started while the database was away: up again, as a supervisor does."""
        for name in self._commands:
            if not self.processes[name].is_alive:
                self.processes[name].kill()
                self._start(name)

    def say(self, path: str, **wanted: Any) -> None:
        """To the simulator. Raises requests.RequestException."""
        requests.post(f"{self.simulator}/sim/{path}", json=wanted, timeout=10).raise_for_status()

    def faults_off(self) -> None:
        """From here on the simulator behaves; it may have been the last to be killed, and be on its way up."""
        self.revive()
        until(lambda: requests.get(f"{self.simulator}/sim/state", timeout=5).ok)
        self.say("faults", clear=True, rate=0)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
        self.broker.kill()


def _point_here_too(setting: str, url: str) -> None:
    """This process has read its settings already."""
    from django.conf import settings

    from apps.billing.adapters import setup
    from apps.billing.adapters.tax import setup as tax_setup

    setattr(settings, setting, url)
    setup.install()
    tax_setup.install()


def under_fire(
    site: Site, kills: int, weights: dict[str, int], dice: random.Random, states: Callable[[], object]
) -> Counter[str]:
    """Kill one process after the other, drawn from `weights`; prints how things stand after every twenty."""
    done: Counter[str] = Counter()
    began = time.monotonic()
    for n in range(kills):
        time.sleep(dice.uniform(*PAUSES))
        victim = dice.choices(list(weights), list(weights.values()))[0]
        site.kill(victim, dice.uniform(0.0, 0.8))
        site.revive()
        done[victim] += 1
        if (n + 1) % 20 == 0:
            print(f"{time.monotonic() - began:.0f} s, {n + 1} kills: {states()}", flush=True)
    return done


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Callable[[], bool], seconds: float = 60) -> None:
    """Raises RuntimeError."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except (OSError, requests.RequestException):
            pass
        time.sleep(0.2)
    raise RuntimeError("it did not start")
