"""Rows that staff edit in the admin (ADM-05)."""

import pytest
from django.contrib import admin
from django.urls import reverse

from apps.casework import defaults
from apps.casework.models import CareRule, ChecklistTemplate, StateDemand, ToneGuide
from apps.journal.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-05")]
ROWS = ("replytemplate", "toneguide", "checklisttemplate", "statedemand", "carerule", "macro", "timeentry")


@pytest.mark.parametrize("model", ROWS)
def test_every_list_and_form_opens_for_the_lead(model, signed_in):
    client = signed_in("service_lead")

    assert client.get(reverse(f"admin:casework_{model}_changelist")).status_code == 200
    if model != "timeentry":
        assert client.get(reverse(f"admin:casework_{model}_add")).status_code == 200
        shipped = admin.site.get_model_admin(next(m for m in admin.site._registry if m._meta.model_name == model))
        row = shipped.model.objects.first()
        assert client.get(reverse(f"admin:casework_{model}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", [row for row in ROWS if row not in ("macro", "timeentry")])
def test_who_has_no_right_changes_nothing(model, signed_in):
    client = signed_in("department_handler", "quality")

    assert client.post(reverse(f"admin:casework_{model}_add"), {"name": "x"}).status_code == 403


def test_a_demand_is_made_with_a_field_to_choose(signed_in):
    client = signed_in("service_lead")
    typed = {"state": "resolved", "needs": "order_number", "hint": "核对订单", "active": "on", "kind": "complaint"}

    saved = client.post(reverse("admin:casework_statedemand_add"), typed)
    wrong = client.post(reverse("admin:casework_statedemand_add"), {**typed, "needs": "password"})

    assert saved.status_code == 302 and StateDemand.objects.filter(hint="核对订单").count() == 1
    assert wrong.status_code == 200
    assert Event.objects.filter(kind="casework.rule_changed", actor=client.user).count() == 1


def test_a_check_list_template_is_made_with_its_items(signed_in):
    client = signed_in("service_lead")
    rows = {
        "items-TOTAL_FORMS": "2",
        "items-INITIAL_FORMS": "0",
        "items-MIN_NUM_FORMS": "0",
        "items-MAX_NUM_FORMS": "99",
    }
    rows |= {
        "items-0-position": "2",
        "items-0-text": "拍照",
        "items-1-position": "1",
        "items-1-text": "核对",
        "items-1-required": "on",
    }
    address = reverse("admin:casework_checklisttemplate_add")

    saved = client.post(address, {"name": "到货", "active": "on", **rows})
    empty = client.post(address, {"name": "空的", "active": "on", **rows, "items-TOTAL_FORMS": "0"})

    made = ChecklistTemplate.objects.get(name="到货")
    assert saved.status_code == 302
    assert [(i.text, i.required) for i in made.items.all()] == [("核对", True), ("拍照", False)]
    assert empty.status_code == 200 and "检查清单至少要有一项" in empty.content.decode()


def test_a_care_rule_and_a_tone_guide_are_changed(signed_in):
    client = signed_in("service_lead")
    rule, guide = CareRule.objects.get(code="vip"), ToneGuide.objects.filter(language="zh-hans").first()

    client.post(
        reverse("admin:casework_carerule_change", args=[rule.pk]),
        {"task": "电话问候", "moment": "received", "role": "duty_manager", "tier": "vip", "active": "on"},
    )
    client.post(
        reverse("admin:casework_toneguide_change", args=[guide.pk]),
        {"language": "zh-hans", "at_most": "-0.70", "text": "先听完", "active": "on"},
    )

    assert (CareRule.objects.get(pk=rule.pk).role, CareRule.objects.get(pk=rule.pk).task) == (
        "duty_manager",
        "电话问候",
    )
    assert ToneGuide.objects.get(pk=guide.pk).text == "先听完"
    assert Event.objects.filter(kind="casework.rule_changed", actor=client.user).count() == 2


def test_deleting_a_row_is_recorded(signed_in):
    client, row = signed_in("service_lead"), StateDemand.objects.first()

    client.post(reverse("admin:casework_statedemand_delete", args=[row.pk]), {"post": "yes"})

    assert not StateDemand.objects.filter(pk=row.pk).exists()
    assert Event.objects.get(kind="casework.rule_changed", actor=client.user).data["changes"]["needs"][1] is None


def test_shipped_rows_come_once_and_stay_as_edited(actor_system):
    CareRule.objects.filter(code="vip").update(task="改过的")
    again = defaults.load(actor=actor_system)

    assert not any(again.values()) and CareRule.objects.get(code="vip").task == "改过的"
