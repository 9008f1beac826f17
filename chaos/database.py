"""A PostgreSQL of one run's own, in a folder of its own: it may be killed with -9 and comes back by crash recovery."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from feedback_system import embedded


class Postgres:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        options = (folder / "postmaster.opts").read_text()
        self._command = shlex.split(options)

    def kill(self) -> None:
        """SIGKILL to the postmaster; its children see that and end by themselves."""
        os.kill(int((self.folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def start(self) -> None:
        """Up again after crash recovery. Raises RuntimeError after a minute."""
        owner = self.folder.stat().st_uid if os.geteuid() == 0 else None
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with open(self.folder / "log", "ab") as log:
                process = subprocess.Popen(self._command, stdout=log, stderr=log, user=owner, start_new_session=True)
            while process.poll() is None and time.monotonic() < until:
                try:
                    psycopg2.connect(host=str(self.folder), user=embedded.APP, dbname=embedded.DATABASE).close()
                    return
                except psycopg2.OperationalError:
                    time.sleep(0.1)
            time.sleep(0.3)  # children of the dead one still hold its memory
        raise RuntimeError(f"PostgreSQL did not come back; its log: {self.folder / 'log'}")


@contextmanager
def of_its_own() -> Iterator[Postgres]:
    """Inside the block LOCAL_DIR is a fresh folder with embedded servers and keys of its own; all of it goes at the end."""
    before = {name: os.environ.get(name) for name in ("LOCAL_DIR", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")}
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user where we are root
    for name in before:
        os.environ.pop(name, None)
    os.environ["LOCAL_DIR"] = str(folder)
    try:
        embedded.prepare_environment()
        yield Postgres(folder / "postgres")
    finally:
        embedded.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
