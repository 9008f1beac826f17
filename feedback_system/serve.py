"""`script/server`: the whole product on this machine, from an empty folder to log-ins on the screen.

Order: port → embedded servers → migrate (as the tables' owner) → shipped defaults → demo company (once, embedded
database only) → static files → web, worker, beat (Procfile). Whatever ends, by signal or by accident, ends all of it.
"""

import argparse
import fcntl
import hashlib
import io
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer

from feedback_system import embedded

READY_WITHIN_SECONDS = 60


class CannotStart(Exception):
    """Said to the person at the keyboard as it is; exit code 1."""


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the processes run, end like Ctrl-C
    try:
        _check_port(options.host, options.port)
        with _only_server():
            if options.reset:
                _reset()
            try:
                return _run(options, _prepare(options))
            finally:
                if not embedded.stop_if_unused():
                    print("PostgreSQL and Valkey go on: another process of this folder still uses them.")
    except (CannotStart, embedded.EmbeddedServerError) as error:
        print(f"script/server: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/server", description="Start the whole product on this machine.")
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--reset", action="store_true", help="first drop the embedded database, files and evidence")
    return parser.parse_args(arguments)


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CannotStart(f"cannot listen on {host}:{port} ({error}). Choose another: --port N") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _only_server() -> Iterator[None]:
    """One server for a folder: a second one would drop, migrate or stop what the first one works with."""
    embedded.local_dir().mkdir(parents=True, exist_ok=True)
    with open(embedded.local_dir() / "server", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise CannotStart(f"already running from this folder (process {handle.read().strip()})") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def _reset() -> None:
    if "DATABASE_URL" in os.environ:
        raise CannotStart("--reset is for the embedded database, but DATABASE_URL is set")
    if not embedded.stop_if_unused():
        raise CannotStart("--reset: another process still uses the embedded database (a shell, tests, a command)")
    for name in ("postgres", "valkey", "media", "evidence"):
        shutil.rmtree(embedded.local_dir() / name, ignore_errors=True)
    print("Data dropped. Keys are kept.")


# Before the processes start ----------------------------------------------------------------------------------------


def _prepare(options: argparse.Namespace) -> str:
    """Make the database and the files ready; what to say about logging in."""
    own_database = "DATABASE_URL" not in os.environ
    os.environ.setdefault("PUBLIC_URL", f"http://{options.host}:{options.port}")
    os.environ["HOST"], os.environ["PORT"] = options.host, str(options.port)
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    os.environ.setdefault("PYTHONWARNINGS", "ignore:You're running the worker with superuser")
    if own_database and "SMS_GATEWAY_URL" not in os.environ:
        port = _free_port()
        os.environ |= {"SMS_SIMULATOR_PORT": str(port), "SMS_GATEWAY_URL": f"http://127.0.0.1:{port}"}
        os.environ.setdefault("SMS_GATEWAY_KEY", secrets.token_urlsafe(16))
    if own_database and "SOCIAL_SIMULATOR_URL" not in os.environ:
        port = _free_port()
        os.environ |= {"SOCIAL_SIMULATOR_PORT": str(port), "SOCIAL_SIMULATOR_URL": f"http://127.0.0.1:{port}"}
    if own_database:
        os.environ |= {"PAY_SIMULATOR_PORT": str(_free_port())}
    if own_database and not any(
        os.environ.get(name) for name in ("PAYMENT_SIMULATOR_URL", "ALIPAY_APP_ID", "WECHAT_PAY_MCHID")
    ):
        port = _free_port()
        os.environ |= {"PROVIDER_SIMULATOR_PORT": str(port), "PAYMENT_SIMULATOR_URL": f"http://127.0.0.1:{port}"}
    if own_database and not any(
        os.environ.get(name) for name in ("TAX_SIMULATOR_URL", "TAX_PLATFORM_URL", "TAX_ADAPTER")
    ):
        port = _free_port()
        os.environ |= {"TAX_SIMULATOR_PORT": str(port), "TAX_SIMULATOR_URL": f"http://127.0.0.1:{port}"}
    print("Starting PostgreSQL and Valkey …" if own_database else "Using the database of DATABASE_URL …", flush=True)

    import django

    django.setup()  # the settings start the embedded servers
    from django.core.management import call_command
    from django.db import OperationalError

    try:
        if _migrations_are_missing():
            print("Bringing the database up to date …", flush=True)
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
        call_command("load_defaults", verbosity=0)
        if own_database:
            _make_demo_company_once()
    except OperationalError as error:
        raise CannotStart(f"the database does not answer: {error}") from error
    except subprocess.CalledProcessError as error:
        raise CannotStart("the database could not be brought up to date, see above") from error
    _collect_static_files()
    return _log_ins() if own_database else "Members of staff are made by `manage.py create_staff`.\n"


def _migrations_are_missing() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _make_demo_company_once() -> None:
    from django.core.management import call_command

    from apps.feedback.models import Ticket

    if not Ticket.objects.exists():
        print("Making the demo company …", flush=True)
        call_command("demo_data")


def _collect_static_files() -> None:
    """Collects when a file or a requirement changed since last time: compressing takes some seconds."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256((settings.BASE_DIR / "requirements.txt").read_bytes())
    for finder in get_finders():
        for path, storage in finder.list(None):
            stat = os.stat(storage.path(path))
            digest.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    stamp = settings.STATIC_ROOT / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print("Collecting static files …", flush=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest.hexdigest())


# The processes -----------------------------------------------------------------------------------------------------


class _Printer(Printer):
    """Prints what the processes say, remembers their last lines and which of them ended first."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.last_lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=15))
        self.first_ended = ""

    def write(self, message: Message) -> None:
        if message.name == "system":  # honcho's own words: started, stopped, sending …
            ended = re.match(r"(\S+) stopped \(rc=(-?\d+)\)", message.data)
            if ended and not self.first_ended:
                self.first_ended = ended[1]
            return
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        self.last_lines[message.name].extend(text.splitlines())
        super().write(message)


def _run(options: argparse.Namespace, log_ins: str) -> int:
    printer = _Printer()
    manager = Manager(printer)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    for name, command in _processes().items():
        manager.add_process(name, command, env=environment)
    watch = _Watch(options, manager, log_ins)
    watch.start()
    manager.loop()
    if watch.gave_up:
        print(f"script/server: no answer from {watch.probe} in {READY_WITHIN_SECONDS} s", file=sys.stderr)
        return 1
    if manager.returncode in (130, 143):  # Ctrl-C, SIGTERM
        return 0
    name = printer.first_ended
    print(f"\nscript/server: {name} ended by itself, so everything was stopped. Its last lines:", file=sys.stderr)
    print("\n".join(f"    {line}" for line in printer.last_lines[name]), file=sys.stderr)
    return 1


def _processes() -> dict[str, str]:
    """Name → command: the Procfile's, and simulated outside systems where there are no real ones."""
    processes = dict(parse_procfile((embedded.PROJECT_DIR / "Procfile").read_text()).processes)
    if "SMS_SIMULATOR_PORT" in os.environ:
        processes["sms"] = "exec python manage.py simulate_sms_gateway --port $SMS_SIMULATOR_PORT"
    if "SOCIAL_SIMULATOR_PORT" in os.environ:
        processes["social"] = "exec python manage.py simulate_social --port $SOCIAL_SIMULATOR_PORT"
    if "PAY_SIMULATOR_PORT" in os.environ:
        processes["pay"] = "exec python manage.py simulate_wechat_complaints --port $PAY_SIMULATOR_PORT --complaints 2"
    if "PROVIDER_SIMULATOR_PORT" in os.environ:
        processes["providers"] = "exec python manage.py simulate_providers --port $PROVIDER_SIMULATOR_PORT"
    if "TAX_SIMULATOR_PORT" in os.environ:
        processes["tax"] = "exec python manage.py simulate_tax --books --port $TAX_SIMULATOR_PORT"
    return processes


class _Watch(threading.Thread):
    """Says that the site is ready as soon as it answers; ends everything when it doesn't in good time."""

    def __init__(self, options: argparse.Namespace, manager: Manager, log_ins: str) -> None:
        super().__init__(daemon=True)
        self.url = f"http://{options.host}:{options.port}/"
        reachable = "127.0.0.1" if options.host in ("", "0.0.0.0") else options.host
        self.probe = f"http://{reachable}:{options.port}/healthz"
        self.manager, self.log_ins, self.gave_up = manager, log_ins, False

    def run(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while self.manager.returncode is None and not self.gave_up:
            try:
                urlopen(self.probe, timeout=2).close()
            except OSError:  # not listening yet, or not answering
                self.gave_up = time.monotonic() > deadline
                time.sleep(0.2)
            else:
                print(f"\nReady: {self.url}\n\n{self.log_ins}\nCtrl-C ends everything.\n", flush=True)
                return
        if self.gave_up:
            os.kill(os.getpid(), signal.SIGTERM)


def _log_ins() -> str:
    """The demo log-ins by role; leaves no connection open for the processes to inherit."""
    from django.core.management import call_command
    from django.db import connections

    said = io.StringIO()
    call_command("demo_data", print_logins=True, stdout=said)
    connections.close_all()
    return said.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
