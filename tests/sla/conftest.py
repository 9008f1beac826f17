"""What the tests of deadlines share: Shanghai moments, subjects, and rules that were not read by the test before."""

from datetime import datetime
from uuid import uuid4

import pytest

from apps.core.clock import SHANGHAI
from apps.journal.events import Ref
from apps.sla import rules
from apps.sla.services.deadlines import Facts


@pytest.fixture
def subject():
    """Something that deadlines belong to; it needs no row of its own."""
    return Ref("feedback.ticket", uuid4())


@pytest.fixture
def shanghai():
    """`shanghai("2026-09-30 16:20")`: a moment on the wall clock of Shanghai."""

    def moment(text):
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    return moment


@pytest.fixture
def facts():
    """`facts(kind="complaint", urgency="urgent")`: otherwise an ordinary online complaint without a department."""

    def make(**changes):
        ordinary = {"kind": "complaint", "urgency": "normal", "channel": "online", "tier": "normal"}
        return Facts(**{**ordinary, "department_id": None, **changes})

    return make


@pytest.fixture(autouse=True)
def _look_again():
    yield
    rules.forget()
