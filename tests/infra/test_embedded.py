import json
import os
import subprocess
import sys

import pytest

VARIABLES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "BLIND_INDEX_KEY",
)
PREPARE = f"""
import json, os
from feedback_system import embedded
embedded.prepare_environment()
print(json.dumps({{name: os.environ.get(name) for name in {VARIABLES}}}), flush=True)
"""
STOP = "from feedback_system import embedded; print(embedded.stop_if_unused())"


def start(folder, code, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**clean, "LOCAL_DIR": str(folder), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run(folder, code, **environment):
    out, _ = start(folder, code, **environment).communicate(timeout=60)
    return json.loads(out)


@pytest.fixture
def folder(tmp_path):
    yield tmp_path
    start(tmp_path, "from feedback_system import embedded; embedded.stop()").communicate(timeout=60)


@pytest.mark.long
def test_many_processes_find_one_pair_of_servers(folder):
    processes = [start(folder, PREPARE) for _ in range(3)]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]

    assert answers[0] == answers[1] == answers[2]
    assert "feedback_app" in answers[0]["DATABASE_URL"]
    assert "feedback_owner" in answers[0]["DATABASE_OWNER_URL"]
    assert (folder / "keys").stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_keys_and_data_outlive_the_servers(folder):
    first = run(folder, PREPARE)
    assert start(folder, STOP).communicate(timeout=60)[0].strip() == "True"
    assert not (folder / "postgres" / "postmaster.pid").exists()

    second = run(folder, PREPARE)

    assert {name: second[name] for name in VARIABLES[3:]} == {name: first[name] for name in VARIABLES[3:]}


@pytest.mark.long
def test_servers_in_use_are_not_stopped(folder):
    user = start(folder, PREPARE + "input()")
    user.stdout.readline()

    assert start(folder, STOP).communicate(timeout=60)[0].strip() == "False"
    user.communicate("done\n", timeout=60)
    assert start(folder, STOP).communicate(timeout=60)[0].strip() == "True"


def test_servers_of_the_environment_are_used(tmp_path):
    given = {"DATABASE_URL": "postgres://a@db.example.com/b", "REDIS_URL": "redis://cache.example.com/0"}

    answer = run(tmp_path, PREPARE, **given)

    assert {name: answer[name] for name in given} == given
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "valkey").exists()
