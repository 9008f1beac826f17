"""What several files of this room's tests share."""

import pytest

from apps.billing.adapters import registry
from apps.billing.adapters.tax.manual import ManualTaxAdapter


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.setattr(registry, "_tax", {"manual": ManualTaxAdapter()})
