from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.casework.models import CareRule, ChecklistTemplate, ChecklistTemplateItem, StateDemand
from apps.core import actors
from apps.core.actors import Actor
from tests.api.conftest import api, api_with, fresh_limits  # noqa: F401
from tests.desk.conftest import signed_in  # noqa: F401
from tests.factories import staff_actor


@pytest.fixture
def lead() -> Actor:
    return staff_actor("service_lead")


@pytest.fixture
def clerk() -> Actor:
    return staff_actor()


@pytest.fixture
def auditor() -> Actor:
    return staff_actor("auditor")


@pytest.fixture
def template() -> Callable[..., ChecklistTemplate]:
    """`template("*Ask", "Look", kind="fault")`: a check-list template; items that begin with `*` are required."""

    def make(*items: str, name: str = "到货检查", **fields: object) -> ChecklistTemplate:
        made = ChecklistTemplate.objects.create(name=name, **fields)
        for n, text in enumerate(items, 1):
            ChecklistTemplateItem.objects.create(
                template=made, position=n, text=text.lstrip("*"), required=text.startswith("*")
            )
        return made

    return make


@pytest.fixture
def only() -> Callable[..., None]:
    """No shipped rules but those a test makes."""

    def clear() -> None:
        StateDemand.objects.all().delete()
        CareRule.objects.all().delete()
        ChecklistTemplate.objects.update(automatic=False)

    return clear


def acting(user: User) -> Actor:
    return actors.staff(user)
