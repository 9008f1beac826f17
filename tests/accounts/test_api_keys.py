import hashlib
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import ApiKeyAuthentication
from apps.accounts.models import ApiKey
from apps.accounts.principals import actor_for
from apps.accounts.services import api_keys
from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.factories import UserFactory, actor_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)


class WhoView(APIView):
    def get(self, request):
        actor = actor_for(request)
        return Response({"label": actor.label, "pk": str(request.user.pk), "may": sorted(actor.permissions)})


def call(header: str | None = None):
    headers = {"Authorization": header} if header else {}
    response = WhoView.as_view()(RequestFactory().get("/", headers=headers))
    response.render()
    return response


def new(name: str = "shop", scopes=("tickets:read",), **values) -> api_keys.NewKey:
    return api_keys.create(name, scopes, actor=system("test"), **values)


@pytest.mark.req("ADM-03")
def test_the_key_is_given_once_and_only_its_digest_is_kept():
    made = new()

    assert re.fullmatch(r"fbk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", made.clear)
    row = ApiKey.objects.values().get(pk=made.key.pk)
    assert made.clear.split("_", 2)[2] not in str(row)  # whose letters may be underscores, too
    assert row["digest"] == hashlib.sha256(made.clear.encode()).hexdigest()


@pytest.mark.req("ADM-03")
def test_a_key_acts_with_the_rights_of_its_scopes_only():
    made = new(scopes=["tickets:write", "customers:write"])

    answer = call(f"Bearer {made.clear}")

    assert answer.status_code == 200
    assert answer.data == {
        "label": "api:shop",
        "pk": f"api:{made.key.prefix}",
        "may": ["crm.add_customer", "crm.change_customer", "feedback.create_ticket"],
    }


@pytest.mark.req("ADM-03")
@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer nonsense", "Bearer fbk_aaaaaaaa_" + "x" * 43, "Bearer a b", "Bearer fbk_\x00", "bearer é"],
)
def test_bad_keys_get_401_with_the_way_to_sign_in(header):
    answer = call(header)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.data["title"] == "这个 API 密钥无效。"


def test_without_a_key_or_session_the_api_answers_401():
    answer = call()

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.req("ADM-03")
def test_a_changed_secret_is_refused_also_when_the_key_is_cached():
    made = new()
    assert call(f"Bearer {made.clear}").status_code == 200

    wrong = made.clear[:-1] + ("A" if made.clear[-1] != "A" else "B")

    assert call(f"Bearer {wrong}").status_code == 401


@pytest.mark.req("ADM-03")
def test_a_key_ends_at_its_hour_even_when_it_is_cached():
    with clock.at(NOW):
        made = new(expires_at=NOW + timedelta(days=1))
        assert call(f"Bearer {made.clear}").status_code == 200
    with clock.at(NOW + timedelta(days=1) - timedelta(microseconds=1)):
        assert call(f"Bearer {made.clear}").status_code == 200
    with clock.at(NOW + timedelta(days=1)):
        answer = call(f"Bearer {made.clear}")
    assert answer.status_code == 401
    assert answer.data["title"] == "这个 API 密钥已过期。"


@pytest.mark.req("ADM-03")
def test_a_revoked_key_is_dead_at_once_in_this_process(django_capture_on_commit_callbacks):
    made = new()
    assert call(f"Bearer {made.clear}").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        api_keys.revoke(made.key, actor=system("test"), reason="leaked")

    answer = call(f"Bearer {made.clear}")
    assert answer.status_code == 401
    assert answer.data["title"] == "这个 API 密钥已被吊销。"


@pytest.mark.req("ADM-03")
def test_a_key_revoked_by_another_process_dies_within_30_seconds(monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(api_keys.time, "monotonic", lambda: moment[0])
    made = new()
    assert call(f"Bearer {made.clear}").status_code == 200
    ApiKey.objects.filter(pk=made.key.pk).update(revoked_at=NOW)  # as the other process did

    moment[0] += 29.9
    assert call(f"Bearer {made.clear}").status_code == 200
    moment[0] += 0.1
    assert call(f"Bearer {made.clear}").status_code == 401


@pytest.mark.req("ADM-03")
def test_revoking_twice_is_one_event(actor_system):
    made = new()

    api_keys.revoke(made.key, actor=actor_system, reason="leaked")
    api_keys.revoke(made.key, actor=actor_system, reason="again")

    kinds = Event.objects.filter(subject_id=made.key.pk).order_by("id").values_list("kind", "reason")
    assert list(kinds) == [("api_key.created", ""), ("api_key.revoked", "leaked")]


@pytest.mark.usefixtures("rules_at_hand")
def test_a_cached_key_costs_no_query_and_use_is_noted_once_a_minute():
    made = new()
    with clock.at(NOW):
        call(f"Bearer {made.clear}")
        with CaptureQueriesContext(connection) as captured:
            call(f"Bearer {made.clear}")
    assert len(captured) == 0
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at == NOW

    later = NOW + timedelta(seconds=60)
    with clock.at(later), CaptureQueriesContext(connection) as captured:
        call(f"Bearer {made.clear}")
    assert len(captured) == 1
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at == later


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(api_keys, "CACHE_SIZE", 2)
    for name in ("one", "two", "three"):
        call(f"Bearer {new(name).clear}")

    assert len(api_keys._known) == 2


@pytest.mark.req("ADM-03")
@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": " "}, "core.required", "name"),
        ({"name": "x" * 61}, "core.too_long", "name"),
        ({"name": "taken"}, "api_key.name_taken", "name"),
        ({"scopes": []}, "api_key.no_scopes", "scopes"),
        ({"scopes": ["tickets:burn"]}, "api_key.unknown_scope", "scopes"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "api_key.expires_in_past", "expires_at"),
    ],
)
def test_what_a_key_must_have(values, code, field):
    new("taken")

    with pytest.raises(DomainError) as refused:
        new(**{"name": "fresh", "scopes": ["tickets:read"], **values})

    assert (refused.value.code, refused.value.field) == (code, field)


def test_only_who_may_manage_keys_makes_or_revokes_them():
    lead = actor_with("service_lead")
    made = new()

    with pytest.raises(DomainError) as refused:
        api_keys.create("mine", ["tickets:read"], actor=lead)
    assert refused.value.code == "core.not_allowed"
    with pytest.raises(DomainError) as refused:
        api_keys.revoke(made.key, actor=lead)
    assert refused.value.code == "core.not_allowed"


def test_command_prints_the_key_and_nothing_else():
    out, err = StringIO(), StringIO()

    call_command("create_api_key", "erp", "--scopes", "tickets:read, customers:read", stdout=out, stderr=err)

    key = ApiKey.objects.get(name="erp")
    assert api_keys.check(out.getvalue().strip()).pk == key.pk
    assert key.scopes == ["customers:read", "tickets:read"]
    assert timedelta(days=364) < key.expires_at - clock.now() <= timedelta(days=365)
    with pytest.raises(CommandError, match="tickets:burn"):
        call_command("create_api_key", "erp2", "--scopes", "tickets:burn")


def test_a_session_acts_as_the_member_of_staff():
    request = RequestFactory().get("/")
    request.user = UserFactory(roles=["service_staff"], staff_number="K7")

    actor = actor_for(request)

    assert (actor.kind, actor.label, actor.can("feedback.create_ticket")) == ("staff", "K7", True)


def test_nobody_is_no_actor():
    request = RequestFactory().get("/")
    request.user = None

    with pytest.raises(DomainError):
        actor_for(request)


def test_the_openapi_scheme_is_a_bearer():
    from drf_spectacular.extensions import OpenApiAuthenticationExtension

    scheme = OpenApiAuthenticationExtension.get_match(ApiKeyAuthentication())

    assert scheme.get_security_definition(None)["scheme"] == "bearer"


@pytest.mark.req("ADM-03")
def test_admin_shows_the_key_once(client):
    client.force_login(UserFactory(roles=["administrator"]))
    until = {"expires_at_0": "2099-01-01", "expires_at_1": "08:00"}
    form = {"name": "erp", "scopes": ["tickets:read", "tickets:write"], **until}

    page = client.post("/admin/accounts/apikey/add/", form)

    key = ApiKey.objects.get(name="erp")
    clear = re.search(r"fbk_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", page.content.decode())[0]
    assert api_keys.check(clear).pk == key.pk
    assert "no-store" in page["Cache-Control"]
    assert key.expires_at == datetime(2099, 1, 1, 0, 0, tzinfo=UTC)
    assert clear not in client.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    assert Event.objects.get(subject_id=key.pk).actor_label.startswith("U")


def test_admin_refuses_a_key_without_scopes_or_in_the_past(client):
    client.force_login(UserFactory(roles=["administrator"]))

    form = {"name": "erp", "expires_at_0": "2001-01-01", "expires_at_1": "08:00"}

    page = client.post("/admin/accounts/apikey/add/", form)

    assert set(page.context["adminform"].form.errors) == {"scopes", "expires_at"}
    assert not ApiKey.objects.exists()


@pytest.mark.req("ADM-03")
def test_admin_revokes_only_by_post(client):
    client.force_login(UserFactory(roles=["administrator"]))
    made = new()
    url = f"/admin/accounts/apikey/{made.key.pk}/revoke/"

    assert client.get(url).status_code == 200
    assert ApiKey.objects.get(pk=made.key.pk).revoked_at is None
    assert client.post(url, {"reason": "leaked"}).status_code == 302
    assert ApiKey.objects.get(pk=made.key.pk).revoked_at is not None
    assert client.get("/admin/accounts/apikey/").status_code == 200


def test_auditor_sees_keys_but_makes_none(client):
    client.force_login(UserFactory(roles=["auditor"]))
    made = new()

    assert client.get("/admin/accounts/apikey/").status_code == 200
    assert client.get("/admin/accounts/apikey/add/").status_code == 403
    assert client.post(f"/admin/accounts/apikey/{made.key.pk}/revoke/").status_code == 403
