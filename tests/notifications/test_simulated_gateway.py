"""The simulated gateway as its own process."""

import os
import re
import signal
import subprocess
import sys

import pytest
import requests
from django.conf import settings
from django.core.management import CommandError, call_command


@pytest.fixture
def process():
    started = subprocess.Popen(
        [sys.executable, "-u", "manage.py", "simulate_sms_gateway", "--port", "0", "--key", "k", "--delay", "0.1"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "feedback_system.settings.test"},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield started
    started.kill()
    started.wait()


@pytest.mark.long
def test_the_command_serves_keeps_a_ledger_misbehaves_and_stops(process):
    url = re.search(r"http://\S+", process.stdout.readline())[0]
    bearer, body = {"Authorization": "Bearer k"}, {"to": "+8613812345678", "text": "你好"}
    post = {**bearer, "Idempotency-Key": "m1"}

    assert requests.post(f"{url}/messages", json=body, timeout=60).status_code == 401
    assert requests.post(f"{url}/messages", json={"to": 1}, headers=post, timeout=60).status_code == 422
    assert requests.post(f"{url}/messages", data=b"{", headers=post, timeout=60).status_code == 422
    assert requests.post(f"{url}/faults", json={"next": ["nonsense"]}, timeout=60).status_code == 422
    requests.post(f"{url}/faults", json={"next": ["drop-after"]}, timeout=60)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{url}/messages", json=body, headers=post, timeout=60)
    again = requests.post(f"{url}/messages", json=body, headers=post, timeout=60)
    asked = requests.get(f"{url}/messages/m1", headers=bearer, timeout=60)

    assert (again.status_code, again.json()["id"]) == (200, asked.json()["id"])
    assert requests.get(f"{url}/messages/other", headers=bearer, timeout=60).status_code == 404
    assert len(requests.get(f"{url}/ledger", timeout=60).json()) == 1
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert "+86138****5678" in output
    assert "你好" not in output
    assert process.returncode == 0


def test_a_taken_port_and_a_wrong_rate_are_said_plainly(sms):
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("simulate_sms_gateway", port=int(sms.url.rsplit(":")[-1]))
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("simulate_sms_gateway", fault_rate=2.0)
