from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.models import Department
from apps.casework.models import SavedView, ViewPlace
from apps.casework.selectors import views as reads
from apps.casework.services import saved_views
from apps.casework.services.saved_views import ViewDraft
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.journal.models import Event
from tests.factories import UserFactory, staff, staff_actor

LATE = "tab=late&kind=complaint"


def names(actor: actors.Actor) -> list[str]:
    return [saved.name for saved in reads.views_of(actor)]


def refused(act, *codes: str) -> None:
    with pytest.raises((DomainError, DomainErrors)) as caught:
        act()
    errors = getattr(caught.value, "errors", [caught.value])
    assert [error.code for error in errors] == list(codes)


@pytest.mark.django_db
@pytest.mark.req("HND-09")
def test_a_view_is_seen_by_those_it_is_shared_with():
    lead = staff_actor("service_lead")
    colleague, other = staff_actor("service_staff"), staff_actor("department_handler", "logistics")
    nobody = actors.staff(UserFactory(roles=[], staff_number="N1"))

    saved_views.save(ViewDraft("我的", LATE), actor=lead)
    saved_views.save(ViewDraft("部门的", LATE, "department"), actor=lead)
    saved_views.save(ViewDraft("大家的", LATE, "all"), actor=lead)

    assert names(lead) == ["大家的", "我的", "部门的"]
    assert names(colleague) == ["大家的", "部门的"]
    assert names(other) == ["大家的"]
    assert names(nobody) == []
    assert set(Event.objects.filter(kind="view.shared").values_list("data__name", flat=True)) == {"部门的", "大家的"}


@pytest.mark.django_db
def test_sharing_needs_the_right_and_a_department():
    clerk = staff_actor("service_staff")
    boss = staff_actor("service_lead", department="service")
    boss.user.department = None
    boss.user.save()

    refused(lambda: saved_views.save(ViewDraft("x", LATE, "all"), actor=clerk), "view.share_not_allowed")
    refused(lambda: saved_views.save(ViewDraft("x", LATE, "department"), actor=boss), "view.no_department")
    refused(lambda: saved_views.save(ViewDraft("x", LATE), actor=actors.SYSTEM), "core.not_allowed")
    assert SavedView.objects.count() == 0


@pytest.mark.django_db
def test_what_is_typed_is_checked():
    clerk = staff_actor("service_staff")
    saved_views.save(ViewDraft("超时投诉", LATE), actor=clerk)

    refused(lambda: saved_views.save(ViewDraft(" \u202e ", LATE), actor=clerk), "core.required")
    refused(lambda: saved_views.save(ViewDraft("长" * 41, LATE), actor=clerk), "core.too_long")
    refused(lambda: saved_views.save(ViewDraft("x", "q" * 2001), actor=clerk), "view.too_long")
    refused(lambda: saved_views.save(ViewDraft("x", LATE, "world"), actor=clerk), "core.invalid_choice")
    refused(lambda: saved_views.save(ViewDraft("超时投诉", "tab=all"), actor=clerk), "view.name_taken")
    for n in range(saved_views.MOST - 1):
        saved_views.save(ViewDraft(f"v{n}", LATE), actor=clerk)
    refused(lambda: saved_views.save(ViewDraft("one more", LATE), actor=clerk), "view.too_many")


@pytest.mark.django_db
def test_a_view_is_changed_by_its_owner_and_a_shared_one_by_whoever_may_share():
    owner, lead, clerk = staff_actor("service_lead"), staff_actor("service_lead"), staff_actor("service_staff")
    shared = saved_views.save(ViewDraft("积压", LATE, "all"), actor=owner)
    private = saved_views.save(ViewDraft("私有", LATE), actor=owner)

    refused(lambda: saved_views.change(private.pk, ViewDraft("y", LATE), actor=lead), "core.not_found")
    refused(lambda: saved_views.change(shared.pk, ViewDraft("y", LATE, "all"), actor=clerk), "core.not_allowed")
    refused(lambda: saved_views.delete(shared.pk, actor=clerk), "core.not_allowed")
    saved_views.change(shared.pk, ViewDraft("积压投诉", "tab=all", "department"), actor=lead)

    fresh = SavedView.objects.get(pk=shared.pk)
    assert (fresh.name, fresh.query, fresh.owner_id) == ("积压投诉", "tab=all", owner.user_id)
    assert fresh.department == Department.objects.get(code="service")
    saved_views.delete(shared.pk, actor=lead)
    assert names(owner) == ["私有"]
    assert Event.objects.filter(kind="view.deleted", subject_id=shared.pk).count() == 1


@pytest.mark.django_db
def test_everybody_puts_views_in_an_order_of_their_own():
    lead, clerk = staff_actor("service_lead"), staff_actor("service_staff")
    a, b, c = (saved_views.save(ViewDraft(name, LATE, "all"), actor=lead).pk for name in "abc")

    saved_views.move(c, up=True, actor=clerk)
    saved_views.move(c, up=True, actor=clerk)
    saved_views.move(c, up=True, actor=clerk)  # it stands first already
    saved_views.move(a, up=False, actor=clerk)
    saved_views.save(ViewDraft("aa", LATE, "all"), actor=lead)

    assert names(clerk) == ["c", "b", "a", "aa"]
    assert names(lead) == ["a", "aa", "b", "c"]
    refused(lambda: saved_views.move(lead.user and SavedView().pk, up=True, actor=clerk), "core.not_found")
    assert ViewPlace.objects.filter(view__in=[a, b, c], user=clerk.user).count() == 3


@pytest.mark.django_db
def test_one_view_at_most_opens_the_queue():
    clerk = staff_actor("service_staff")
    first, second = (saved_views.save(ViewDraft(name, LATE), actor=clerk).pk for name in "ab")

    saved_views.set_default(first, actor=clerk)
    saved_views.set_default(second, actor=clerk)

    assert [saved.pk for saved in reads.views_of(clerk) if saved.is_default] == [second]
    saved_views.set_default(None, actor=clerk)
    assert not any(saved.is_default for saved in reads.views_of(clerk))
    saved_views.set_default(second, actor=clerk)
    saved_views.delete(second, actor=clerk)
    assert names(clerk) == ["a"]


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_once_save_and_place_one_after_the_other():
    clerk = actors.staff(staff("service_staff"))

    def save(n: int) -> str:
        try:
            kept = saved_views.save(ViewDraft(f"v{n % 2}", LATE), actor=clerk)
            saved_views.set_default(kept.pk, actor=clerk)
            saved_views.move(kept.pk, up=True, actor=clerk)
            return "saved"
        except DomainErrors as error:
            return error.errors[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(save, range(4)))

    assert ends == ["saved", "saved", "view.name_taken", "view.name_taken"]
    assert sorted(names(clerk)) == ["v0", "v1"]
    assert sum(bool(saved.is_default) for saved in reads.views_of(clerk)) == 1
