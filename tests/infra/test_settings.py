import os
import re
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "feedback_system.settings.prod",
    "SECRET_KEY": "production-secret-key-for-this-test-alone-0123456789",
    "ALLOWED_HOSTS": "feedback.example.com",
    "PUBLIC_URL": "https://feedback.example.com",
    "DATABASE_URL": "postgres://feedback_app@127.0.0.1:1/feedback",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "BLIND_INDEX_KEY": "b3-" * 16,
}


def check_deploy(environment):
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.long
def test_production_settings_pass_the_deployment_check():
    result = check_deploy(PRODUCTION)

    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL"}))
def test_production_does_not_start_without_its_secrets(name):
    result = check_deploy({key: value for key, value in PRODUCTION.items() if key != name})

    assert result.returncode != 0
    assert name in result.stderr


def test_every_environment_variable_is_in_the_administrators_page():
    page = (settings.BASE_DIR / "docs" / "administrators.md").read_text()
    read = set()
    for folder in ("feedback_system", "apps"):
        for path in (settings.BASE_DIR / folder).rglob("*.py"):
            text = path.read_text()
            read |= set(re.findall(r"""\benv(?:\.\w+)?\(\s*"([A-Z_]+)\"""", text))
            read |= set(re.findall(r"""os\.environ(?:\.get\(|\.setdefault\(|\[)"([A-Z_]+)\"""", text))

    missing = sorted(name for name in read - {"PATH", "LC_ALL", "PYTHONWARNINGS"} if f"`{name}`" not in page)
    assert not missing
