import pytest

from apps.channels.adapters.simulated import SocialPlatforms
from apps.channels.models import Door
from tests import factories
from tests.channels.doors import account


@pytest.fixture
def platforms(settings):
    """The three platforms, for whatever doors there are; the site knows where they are."""
    known = []
    with SocialPlatforms(known, delay=0.1) as running:
        running.know = lambda *doors: known.extend(account(door) for door in doors)
        settings.SOCIAL_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def fresh():
    """The row of a door as it is now."""
    return lambda door: Door.objects.get(pk=door.pk)


@pytest.fixture
def as_admin(client):
    client.user = factories.staff("administrator")
    client.force_login(client.user)
    return client
