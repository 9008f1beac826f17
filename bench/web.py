"""The web server of a run: granian as in the Procfile, on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from django.db import connection

from feedback_system import embedded

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """CPU time so far of the web workers and of their database connections: what a request costs on a busy machine too."""
        granian = psutil.Process(self.pid)
        pids = [self.pid, *(child.pid for child in granian.children(recursive=True)), *_backends()]
        return sum(_cpu(pid) for pid in pids)


def _backends() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return [row[0] for row in cursor.fetchall()]


def _cpu(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


@contextmanager
def server() -> Iterator[Server]:
    """A web server with two workers on the scratch database; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    granian = Path(sys.executable).with_name("granian")
    options = ["--interface", "wsgi", "--port", str(port), "--workers", "2", "--blocking-threads", "2"]
    command = [granian, *options, "--backlog", "2048", "--log-level", "warning", "feedback_system.wsgi:application"]
    process = subprocess.Popen(command, cwd=embedded.PROJECT_DIR, env=dict(os.environ), stdout=sys.stderr)
    try:
        _wait(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("granian did not start; what it said stands above")
