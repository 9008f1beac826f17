"""Start `script/server` in an empty data folder, ask it, stop it, start it again; exit code 0 when all of it worked."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600
STOP_SECONDS = 60


class Server:
    def __init__(self, port: int, folder: str) -> None:
        self.port, self.lines = port, []
        environment = {**os.environ, "LOCAL_DIR": folder, "PYTHONUNBUFFERED": "1"}
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [ROOT / "script" / "server", "--port", str(port)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            print("   ", line, end="", flush=True)
            self.lines.append(line)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not any(line.startswith("Ready:") for line in list(self.lines)):
            assert self.process.poll() is None, f"ended with {self.process.returncode} before it was ready"
            assert time.monotonic() < deadline, f"not ready after {START_SECONDS} s"
            time.sleep(0.1)

    def get(self, path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                answer.read()
                return answer.status
        except HTTPError as error:
            return error.code

    def stop(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(STOP_SECONDS)
        self.reader.join(5)
        return code


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server: Server, path: str, status: int, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while (got := server.get(path)) != status:
        assert time.monotonic() < deadline, f"{path} still answers {got} after {seconds} s"
        time.sleep(2)


def prove(folder: str) -> None:
    for attempt, with_signal in (("first", signal.SIGTERM), ("second", signal.SIGINT)):
        began = time.monotonic()
        server = Server(free_port(), folder)
        try:
            server.wait_until_ready()
            print(f"{attempt} start: ready after {time.monotonic() - began:.1f} s")
            for path in ("/healthz", "/", "/admin/login/"):
                assert server.get(path) == 200, path
            wait_for(server, "/readyz", 200, seconds=120)
            taken = Server(server.port, folder)
            assert taken.process.wait(STOP_SECONDS) != 0, "a taken port was not refused"
        finally:
            code = server.stop(with_signal)
        assert code == 0, f"ended with {code} after {with_signal.name}"
        assert not (Path(folder) / "postgres" / "postmaster.pid").exists(), "PostgreSQL was left running"
    print("script/server comes up, answers, refuses a taken port, and stops.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="feedback-server-") as folder:
        try:
            prove(folder)
        except AssertionError as error:
            sys.exit(f"script/server: {error}")
