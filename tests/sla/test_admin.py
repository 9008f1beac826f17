"""Rules of time in the admin: seen and changed by those who may, refused beside the field, saved by the services."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.journal.models import Event
from apps.sla import events
from apps.sla.models import Calendar, CalendarDay, Deadline, EscalationStep, Policy
from apps.sla.services import deadlines
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client):
    client.force_login(UserFactory(roles=["management"]))
    return client


def change_url(obj):
    return reverse(f"admin:sla_{obj._meta.model_name}_change", args=[obj.pk])


def errors_of(response):
    context = response.context["adminform"].form
    return {field: list(found) for field, found in context.errors.items()}


@pytest.mark.parametrize("model", ["policy", "calendar", "calendarday", "escalationstep", "deadline"])
def test_lists_are_in_chinese_and_open(manager, model, subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-11-16 10:00"))

    page = manager.get(reverse(f"admin:sla_{model}_changelist"))

    assert page.status_code == 200
    words = {"policy": "首次响应", "calendar": "标准工作时间", "calendarday": "调休上班", "escalationstep": "部门负责人",
             "deadline": "解决"}  # fmt: skip
    assert words[model] in page.content.decode()


def test_without_the_right_nothing_can_be_changed(client):
    client.force_login(UserFactory(roles=["service_staff"]))
    policy = Policy.objects.get(code="callback")

    answers = [client.get(reverse("admin:sla_policy_add")), client.post(change_url(policy), {"name": "x"})]

    assert {answer.status_code for answer in answers} <= {302, 403}
    assert Policy.objects.get(pk=policy.pk).name == "满意度回访"


# Policies ------------------------------------------------------------------------------------------------------------

CALLBACK = {
    "name": "满意度回访", "kind": "", "urgency": "", "channel": "", "tier": "", "target": "720", "unit": "clock_minutes",
    "warn_percent": "80", "priority": "0", "extension_days": "3",
}  # fmt: skip


@pytest.mark.req("SLA-08")
def test_editing_a_policy_makes_a_new_version(manager):
    policy = Policy.objects.get(code="callback")

    answer = manager.post(change_url(policy), CALLBACK)

    assert answer.status_code == 302
    old, new = Policy.objects.filter(code="callback").order_by("version")
    assert (old.pk, old.target, old.is_current) == (policy.pk, Decimal(1440), False)
    assert (new.version, new.target, new.is_current) == (2, Decimal(720), True)
    assert Event.objects.filter(kind=events.POLICY_CHANGED, subject_id=new.pk).exists()
    assert "name" not in manager.get(change_url(old)).context["adminform"].form.fields  # only read


def test_going_on_editing_goes_on_with_the_new_version(manager):
    answer = manager.post(change_url(Policy.objects.get(code="callback")), {**CALLBACK, "_continue": "1"})

    assert answer.url == change_url(Policy.objects.get(code="callback", version=2))


@pytest.mark.parametrize(
    ("values", "field"),
    [({"target": "0"}, "target"), ({"target": "9999999"}, "target"), ({"warn_percent": "100"}, "warn_percent"),
     ({"target": "abc"}, "target"), ({"kind": "nonsense"}, "kind"), ({"name": ""}, "name")],
)  # fmt: skip
def test_bad_values_are_refused_beside_their_field(manager, values, field):
    policy = Policy.objects.get(code="callback")

    page = manager.post(change_url(policy), {**CALLBACK, **values})

    assert page.status_code == 200
    assert list(errors_of(page)) == [field]
    assert Policy.objects.filter(code="callback").count() == 1


def test_a_new_policy(manager):
    values = {**CALLBACK, "code": "callback-vip", "metric": "callback", "name": "VIP 回访", "tier": "vip"}

    answer = manager.post(reverse("admin:sla_policy_add"), values)
    again = manager.post(reverse("admin:sla_policy_add"), values)

    assert answer.status_code == 302
    assert Policy.objects.get(code="callback-vip").effective_from is not None
    assert "已有使用此编码的规则" in str(errors_of(again))


def test_policies_are_taken_out_of_force(manager):
    policy = Policy.objects.get(code="callback")

    manager.post(reverse("admin:sla_policy_changelist"), {"action": "retire", "_selected_action": [str(policy.pk)]})

    assert not Policy.objects.get(pk=policy.pk).is_current
    current = manager.get(reverse("admin:sla_policy_changelist")).context["cl"].queryset
    past = manager.get(reverse("admin:sla_policy_changelist") + "?in_force=past").context["cl"].queryset
    assert policy not in current
    assert policy in past


# Calendars -----------------------------------------------------------------------------------------------------------


def hours(*rows, initial=0):
    data = {"periods-TOTAL_FORMS": len(rows), "periods-INITIAL_FORMS": initial}
    for i, (pk, weekday, start, end) in enumerate(rows):
        data |= {f"periods-{i}-id": pk, f"periods-{i}-weekday": weekday, f"periods-{i}-start": start}
        data[f"periods-{i}-end"] = end
    return data


def existing_hours(calendar, **changes):
    rows = [(p.pk, p.weekday, f"{p.start:%H:%M}", f"{p.end:%H:%M}") for p in calendar.periods.all()]
    rows[0] = (*rows[0][:2], changes.get("start", rows[0][2]), changes.get("end", rows[0][3]))
    return hours(*rows, initial=len(rows))


@pytest.mark.req("SLA-02")
def test_hours_are_changed(manager):
    calendar = Calendar.objects.get()
    form = {"code": calendar.code, "name": calendar.name, "official_days": "on", "department": ""}

    answer = manager.post(change_url(calendar), {**form, **existing_hours(calendar, start="08:00")})

    assert answer.status_code == 302, answer.context and answer.context["errors"]
    assert f"{calendar.periods.first().start:%H:%M}" == "08:00"
    assert calendar.periods.count() == 10
    assert Event.objects.filter(kind=events.CALENDAR_CHANGED, subject_id=calendar.pk).exists()


def test_overlapping_hours_are_refused_and_nothing_is_lost(manager):
    calendar = Calendar.objects.get()
    form = {"code": calendar.code, "name": "改名", "official_days": "on", "department": ""}

    page = manager.post(change_url(calendar), {**form, **existing_hours(calendar, end="15:00")})

    assert page.status_code == 200
    assert "同一天的工作时间有重叠" in page.content.decode()
    assert 'value="改名"' in page.content.decode()
    assert Calendar.objects.get().name == "标准工作时间"


def test_a_second_default_calendar_is_refused(manager):
    form = {"code": "second", "name": "二", "official_days": "on", "department": ""}

    page = manager.post(reverse("admin:sla_calendar_add"), {**form, **hours(("", 0, "09:00", "18:00"))})

    assert "已有默认日历" in page.content.decode()
    assert Calendar.objects.count() == 1


def test_the_default_calendar_cannot_be_deleted(manager):
    answer = manager.post(reverse("admin:sla_calendar_delete", args=[Calendar.objects.get().pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert Calendar.objects.exists()


@pytest.mark.req("SLA-02")
def test_days_are_entered_corrected_and_deleted(manager):
    url = reverse("admin:sla_calendarday_add")
    values = {"calendar": "", "date": "2026-12-25", "kind": "company_day_off", "name": "年会"}

    added = manager.post(url, values)
    twice = manager.post(url, values)
    day = CalendarDay.objects.get(date=date(2026, 12, 25))
    changed = manager.post(change_url(day), {**values, "date": "2026-12-24"})
    filtered = manager.get(reverse("admin:sla_calendarday_changelist") + "?year=2026").context["cl"].queryset
    manager.post(reverse("admin:sla_calendarday_delete", args=[day.pk]), {"post": "yes"})

    assert (added.status_code, twice.status_code, changed.status_code) == (302, 200, 302)
    assert errors_of(twice)
    assert {day.date.year for day in filtered} == {2026}
    assert not CalendarDay.objects.filter(pk=day.pk).exists()
    assert Event.objects.filter(kind=events.CALENDAR_CHANGED, subject_id=day.pk).count() == 3


# Ladder and deadlines ------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-04")
def test_the_ladder_is_edited_and_kept_in_order(manager):
    head = EscalationStep.objects.get(metric="", level="head")

    good = manager.post(change_url(head), {"metric": "", "level": "head", "after": "30", "unit": "percent"})
    bad = manager.post(change_url(head), {"metric": "", "level": "head", "after": "60", "unit": "percent"})

    assert good.status_code == 302
    assert list(errors_of(bad)) == ["after"]
    assert EscalationStep.objects.get(pk=head.pk).after == 30


@pytest.mark.req("SLA-08")
def test_a_deadline_explains_itself_and_cannot_be_edited(manager, subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai("2026-09-30 16:20"))

    page = manager.get(change_url(deadline))
    posted = manager.post(change_url(deadline), {"due_at": "2030-01-01"})

    assert "10月1日–10月7日 国庆节，不计。" in page.content.decode()
    assert posted.status_code == 403
    assert Deadline.objects.get().due_at == deadline.due_at


def test_long_lists_are_read_with_few_queries(manager, facts, shanghai, subject, count_queries):
    deadlines.start(subject, ["resolution", "acceptance", "answer"], facts(), at=shanghai("2026-11-16 10:00"))

    for model in ("policy", "calendarday", "deadline"):
        with count_queries(f"admin.sla.{model}"):
            manager.get(reverse(f"admin:sla_{model}_changelist"))
