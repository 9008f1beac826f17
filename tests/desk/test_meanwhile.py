"""Two on one ticket (HND-08): a stale save says what the other changed, and loses nothing that was typed."""

import html
import re

import pytest

from apps.core import actors
from apps.feedback.services import facts, reclassification
from apps.feedback.services.reclassification import Correction
from tests.desk.pages import SOON, at, do, now_of
from tests.factories import plan, staff, ticket_in

pytestmark = [pytest.mark.django_db, pytest.mark.req("HND-08")]


def shown(client, one, name):
    """What the form's hidden fields hold, as the browser would send them."""
    page = client.get(at(one), {"act": name}).content.decode()
    form = page[page.index(f'id="do-{name}"') :]
    hidden = re.findall(
        r'<input type="hidden" name="(version|stamp|seen)" value="([^"]*)">', form[: form.index("</form>")]
    )
    return {key: html.unescape(value) for key, value in hidden}


def typed(one, **changes):
    values = {"ship_date": "2026-05-06", "place": one.place, "serial_number": one.serial_number, **changes}
    return {name: "" if value is None else value for name, value in values.items()}


def test_facts_show_field_by_field_what_the_other_changed(signed_in):
    one, client = ticket_in("in_progress"), signed_in()
    seen = shown(client, one, "facts")
    colleague = staff(display_name="王强")
    facts.correct(one, {"serial_number": "SN-2", "place": "上海"}, actor=actors.staff(colleague))

    page = do(client, one, "facts", **seen, **typed(one, place="杭州"))
    said = page.context["bound"]["facts"].meanwhile

    assert page.status_code == 422
    assert [(d.label, d.before, d.now, d.by, d.taken) for d in said.differences] == [
        ("机身序列号", "", "SN-2", "王强", True),
        ("发生地点", "", "上海", "王强", False),
    ]
    words = page.content.decode()
    assert "您填写期间，同事修改了以下内容" in words
    assert 'value="杭州"' in words
    assert 'value="SN-2"' in words

    again = do(client, one, "facts", **shown_in(page, "facts"), **typed(one, place="杭州", serial_number="SN-2"))
    assert again.status_code == 302
    assert (now_of(one).place, now_of(one).serial_number) == ("杭州", "SN-2")


def shown_in(page, name):
    words = page.content.decode()
    form = words[words.index(f'id="do-{name}"') :]
    hidden = re.findall(
        r'<input type="hidden" name="(version|stamp|seen)" value="([^"]*)">', form[: form.index("</form>")]
    )
    return {key: html.unescape(value) for key, value in hidden}


def test_the_classification_shows_words_not_codes(signed_in):
    one, client = ticket_in("in_progress"), signed_in()
    seen = shown(client, one, "reclassify")
    colleague = actors.staff(staff(display_name="王强"))
    reclassification.reclassify(one, Correction(urgency="critical"), actor=colleague, reason="有人受伤")

    page = do(client, one, "reclassify", **seen, category=one.category_id, kind="inquiry", urgency="normal",
              impact="single", demand="none", reason="其实是咨询")  # fmt: skip
    said = page.context["bound"]["reclassify"].meanwhile

    assert [(d.label, d.before, d.now, d.by, d.taken) for d in said.differences] == [
        ("紧急程度", "普通", "特急", "王强", True)
    ]
    assert now_of(one).kind == "complaint"
    assert "其实是咨询" in page.content.decode()
    assert page.context["bound"]["reclassify"].held("urgency") == "critical"


def test_a_plan_written_meanwhile_is_not_passed_over(signed_in):
    one, client = ticket_in("in_progress"), signed_in()
    seen = shown(client, one, "plan")
    plan(one, actors.staff(staff(display_name="王强")))

    page = do(client, one, "plan", **seen, steps="", measures="明天上门更换电池", promised_at=SOON)
    said = {d.label: (d.now, d.by, d.taken) for d in page.context["bound"]["plan"].meanwhile.differences}

    assert page.status_code == 422
    assert one.plans.count() == 1
    assert said["处理措施"] == ("3个工作日内完成配件更换", "王强", False)
    assert "明天上门更换电池" in page.content.decode()


def test_a_step_refused_for_something_else_tells_what_happened(signed_in):
    one, client = ticket_in("in_progress"), signed_in()
    seen = shown(client, one, "propose_solution")
    facts.correct(one, {"place": "上海"}, actor=actors.staff(staff(display_name="王强")))

    page = do(client, one, "propose_solution", **seen, type="exchange", description="换新机一台", cost="0")
    said = page.context["bound"]["propose_solution"].meanwhile

    assert (said.differences, [line.who for line in said.lines]) == ([], ["王强"])
    assert "换新机一台" in page.content.decode()


@pytest.mark.parametrize("seen", ["", "[]", "{", '{"place": 1, "other": "x"}', "null"])
def test_whatever_a_browser_claims_to_have_seen_breaks_nothing(signed_in, seen):
    one, client = ticket_in("in_progress"), signed_in()
    stale = now_of(one).version - 1

    page = do(client, one, "facts", version=stale, stamp="9" * 30, seen=seen, **typed(one))

    assert page.status_code == 422
    assert page.context["bound"]["facts"].meanwhile.differences == []
