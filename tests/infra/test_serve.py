import signal
import socket
import subprocess
import sys

import pytest

from feedback_system import serve

FALLEN = """
import sys
from feedback_system import serve
serve._processes = lambda: {"web": "sleep 30", "worker": "echo no broker today; exit 3"}
sys.exit(serve._run(serve._options(["--port", "1"]), log_ins=""))
"""


@pytest.fixture(autouse=True)
def same_signal_handlers():
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_said_before_anything_starts(taken_port, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))

    code = serve.main(["--port", str(taken_port)])

    assert code == 1
    assert f"127.0.0.1:{taken_port}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_by_itself_is_named_with_its_last_lines():
    result = subprocess.run([sys.executable, "-c", FALLEN], capture_output=True, text=True, timeout=60)

    assert result.returncode == 1
    assert "worker ended by itself" in result.stderr
    assert "no broker today" in result.stderr


def test_reset_refuses_a_database_of_the_environment(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgres://a@db.example.com/b")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    code = serve.main(["--reset", "--port", str(port)])

    assert code == 1
    assert "DATABASE_URL" in capsys.readouterr().err
