"""Legal rules as versioned data (LAW-01 … LAW-03), and what only they may set."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError, DomainErrors
from apps.journal.models import Event
from apps.sla import defaults, selectors
from apps.sla.models import LegalRule, Policy
from apps.sla.services import deadlines, legal, policies
from apps.sla.services.deadlines import explain
from tests.factories import UserFactory, actor_with

pytestmark = pytest.mark.django_db
SYSTEM = system("test")


def rule(code="refund-7-days"):
    return LegalRule.objects.get(code=code, effective_to=None)


def codes(act):
    before = Event.objects.count(), LegalRule.objects.count(), Policy.objects.count()
    with pytest.raises((DomainError, DomainErrors)) as found:
        act()
    assert (Event.objects.count(), LegalRule.objects.count(), Policy.objects.count()) == before
    errors = found.value.errors if isinstance(found.value, DomainErrors) else [found.value]
    return {(error.code, error.field) for error in errors}


@pytest.mark.req("LAW-01", "LAW-02", "LAW-03")
def test_the_shipped_rules_with_article_dates_and_clocks():
    shipped = {
        r.code: (r.source, r.article, r.effective_from, r.metric, r.target, r.unit) for r in LegalRule.objects.all()
    }

    assert shipped == {
        "refund-7-days": ("《中华人民共和国消费者权益保护法》", "第二十五条", date(2014, 3, 15), "legal_refund",
                          Decimal(7 * 1440), "clock_minutes"),
        "refund-15-days": ("《侵害消费者权益行为处罚办法》", "第九条", date(2015, 3, 15), "legal_refund_limit",
                           Decimal(15 * 1440), "clock_minutes"),
        "odr-10-working-days": ("全国12315平台在线消费纠纷解决（ODR）机制", "", date(2018, 3, 15), "regulator",
                                Decimal(10), "working_days"),
        "complaint-duties": ("《市场监督管理投诉举报处理办法》", "", date(2026, 4, 15), "", None, ""),
    }  # fmt: skip
    assert not any(defaults.load(actor=SYSTEM).values())


@pytest.mark.req("LAW-03")
def test_a_rule_holds_from_its_day_on():
    assert selectors.legal_rule("complaint-duties", date(2026, 4, 14)) is None
    assert selectors.legal_rule("complaint-duties", date(2026, 4, 15)).name == "投诉举报处理职责"


@pytest.mark.req("LAW-01", "SLA-08")
def test_an_amendment_is_a_new_version_and_old_clocks_explain_themselves_by_the_old_one(subject, facts, shanghai):
    (old,) = deadlines.start(subject, ["legal_refund"], facts(), at=shanghai("2026-11-16 10:00"))

    with clock.at(shanghai("2026-11-17 10:00")):
        new = legal.amend(rule().pk, {"target": Decimal(5 * 1440), "article": "第二十六条"}, date(2026, 12, 1),
                          actor=SYSTEM, reason="修订")  # fmt: skip

    before, after = LegalRule.objects.filter(code="refund-7-days").order_by("version")
    assert (before.effective_to, after.pk, after.version) == (date(2026, 12, 1), new.pk, 2)
    one, two = Policy.objects.filter(code="law-refund-7-days").order_by("version")
    assert one.effective_to == two.effective_from == shanghai("2026-12-01 00:00")
    assert "第二十五条" in "".join(explain(old))
    assert selectors.legal_rule("refund-7-days", date(2026, 11, 30)) == before
    assert selectors.legal_rule("refund-7-days", date(2026, 12, 1)) == after
    (told,) = Event.objects.filter(kind="sla.legal_rule_changed")
    assert (told.subject_id, told.reason, told.data["effective_from"]) == (new.pk, "修订", "2026-12-01")


def test_a_repealed_rule_starts_no_clock_from_its_day_on(subject, facts, shanghai):
    legal.repeal(rule().pk, date(2026, 12, 1), actor=SYSTEM)

    assert deadlines.unmatched(["legal_refund"], facts(), at=shanghai("2026-11-30 23:59")) == []
    assert deadlines.unmatched(["legal_refund"], facts(), at=shanghai("2026-12-01 00:00")) == ["legal_refund"]


@pytest.mark.parametrize(
    ("changes", "day", "found"),
    [
        ({}, date(2014, 3, 15), ("sla.legal_from", "effective_from")),
        ({"target": None, "unit": ""}, date(2026, 12, 1), ("sla.legal_clock", "target")),
        ({"target": Decimal(0)}, date(2026, 12, 1), ("sla.target_positive", "target")),
        ({"target": Decimal(9_999_999)}, date(2026, 12, 1), ("sla.target_too_long", "target")),
    ],
)
def test_what_cannot_be_law(changes, day, found):
    assert found in codes(lambda: legal.amend(rule().pk, changes, day, actor=SYSTEM))


def test_old_versions_stay_and_codes_are_taken_once():
    old = rule()
    legal.amend(old.pk, {"name": "退款"}, date(2026, 12, 1), actor=SYSTEM)
    same = {"code": "refund-7-days", "metric": "", "name": "x", "source": "x", "duty": "x",
            "effective_from": date(2026, 1, 1)}  # fmt: skip

    assert codes(lambda: legal.amend(old.pk, {}, date(2027, 1, 1), actor=SYSTEM)) == {("sla.legal_old", None)}
    assert codes(lambda: legal.enact(same, actor=SYSTEM)) == {("sla.legal_code", "code")}
    rival = {**same, "code": "other", "metric": "legal_refund", "target": Decimal(1), "unit": "working_days"}
    assert codes(lambda: legal.enact(rival, actor=SYSTEM)) == {("sla.policy_exists", "metric")}
    ours = {**rival, "metric": "resolution"}
    assert ("sla.legal_metric", "metric") in codes(lambda: legal.enact(ours, actor=SYSTEM))


@pytest.mark.req("LAW-01")
def test_what_the_law_sets_no_policy_of_the_company_softens():
    softer = {"code": "soft", "name": "宽限", "metric": "legal_refund", "tier": "vip", "target": Decimal(60 * 1440),
              "unit": "clock_minutes"}  # fmt: skip
    law = Policy.objects.get(code="law-refund-7-days")

    assert ("sla.policy_of_law", "metric") in codes(lambda: policies.create(softer, actor=SYSTEM))
    assert codes(lambda: policies.revise(law.pk, {"target": Decimal(1)}, actor=SYSTEM)) == {("sla.policy_of_law", None)}
    assert codes(lambda: policies.retire(law.pk, actor=SYSTEM)) == {("sla.policy_of_law", None)}


def test_only_those_who_change_policies_change_law():
    clerk = actor_with("service_lead")

    assert codes(lambda: legal.amend(rule().pk, {}, date(2027, 1, 1), actor=clerk)) == {("core.not_allowed", None)}
    assert codes(lambda: legal.repeal(rule().pk, date(2027, 1, 1), actor=clerk)) == {("core.not_allowed", None)}


@pytest.mark.req("LAW-01", "ADM-05")
def test_in_the_admin_a_change_is_a_new_version_from_a_day_on(client):
    client.force_login(UserFactory(roles=["management"]))
    address = reverse("admin:sla_legalrule_change", args=[rule().pk])
    form = {"name": "无理由退货退款", "source": "《中华人民共和国消费者权益保护法》", "article": "第二十五条",
            "duty": "…", "consequence": "", "starts": "收到退回的商品", "target": "7200", "unit": "clock_minutes"}  # fmt: skip

    listed = client.get(reverse("admin:sla_legalrule_changelist"))
    page = client.get(address)
    early = client.post(address, {**form, "effective_from": "2014-03-15"})
    done = client.post(address, {**form, "effective_from": "2027-01-01"})

    assert "《侵害消费者权益行为处罚办法》第九条" in listed.content.decode()
    assert "第二十五条" in page.content.decode()
    assert early.status_code == 200
    assert "新版本的生效日期必须晚于现行版本" in early.content.decode()
    assert done.status_code == 302
    assert (rule().version, rule().target, rule().metric) == (2, Decimal(7200), "legal_refund")


def test_in_the_admin_a_new_duty_without_a_clock(client):
    client.force_login(UserFactory(roles=["management"]))
    form = {"code": "new-duty", "metric": "", "name": "新义务", "source": "《条例》", "article": "第一条", "duty": "…",
            "consequence": "", "starts": "", "target": "", "unit": "", "effective_from": "2027-01-01"}  # fmt: skip

    done = client.post(reverse("admin:sla_legalrule_add"), form)

    assert done.status_code == 302, done.context and done.context["errors"]
    assert LegalRule.objects.get(code="new-duty").target is None


@pytest.mark.req("LAW-01")
def test_a_rule_is_repealed_on_its_page_with_a_day_and_a_reason(client):
    client.force_login(UserFactory(roles=["management"]))
    page, repeal = (reverse(f"admin:sla_legalrule_{name}", args=[rule().pk]) for name in ("change", "repeal"))
    assert repeal in client.get(page).content.decode()

    early = client.post(repeal, {"last": "2014-03-15", "reason": "修订"}).content.decode()
    silent = client.post(repeal, {"last": "2026-12-01", "reason": ""}).content.decode()
    assert 'value="2014-03-15"' in early and "修订" in early  # refused, and nothing that was typed is lost
    assert 'value="2026-12-01"' in silent
    assert rule().is_current

    client.post(repeal, {"last": "2026-12-01", "reason": "新办法施行"})

    ended = LegalRule.objects.get(code="refund-7-days")
    assert ended.effective_to == date(2026, 12, 1)
    assert Event.objects.get(kind="sla.legal_rule_changed").reason == "新办法施行"
    assert repeal not in client.get(page).content.decode()
    assert client.get(repeal).status_code in (403, 404)
