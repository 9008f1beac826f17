import pytest

from apps.triage import rulebook


@pytest.fixture(autouse=True)
def fresh_library():
    """What a test made and rolled back must not be in memory for the next one."""
    rulebook.expire()
    yield
    rulebook.expire()
