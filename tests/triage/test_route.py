import pytest

from apps.accounts.models import Department
from apps.core.errors import DomainError
from apps.triage.models import Category, RoutingRule
from apps.triage.services import library
from apps.triage.services.route import Routing, route

pytestmark = [pytest.mark.django_db, pytest.mark.req("CLS-07")]


def department(code):
    return Department.objects.get(code=code)


def category(slug):
    return Category.objects.get(slug=slug).pk


def rule(actor, lead, *helping, **conditions):
    if slug := conditions.pop("category", None):
        conditions["category"] = Category.objects.get(slug=slug)
    new = RoutingRule(department=department(lead), **conditions)
    library.save(new, actor=actor, collaborators=[department(code) for code in helping])
    return new


@pytest.mark.parametrize(
    ("slug", "lead", "helping"),
    [
        ("product_quality", "quality", ["service"]),
        ("technical", "technical", []),
        ("service_attitude", "service", []),
        ("logistics", "logistics", []),
        ("price", "sales", []),
        ("return_exchange", "after_sales", ["logistics"]),
        ("billing", "finance", []),
        ("after_sales", "after_sales", []),
        ("suggestion", "product", []),
        ("other", "service", []),
    ],
)
def test_shipped_routes(slug, lead, helping):
    routing = route(category(slug), "洗衣机", "广东省", "complaint")

    assert routing.department_id == department(lead).pk
    assert routing.collaborator_ids == tuple(department(code).pk for code in helping)


def test_the_rule_with_most_conditions_wins(actor_system):
    rule(actor_system, "sales", category="technical", kind="inquiry")
    narrow = rule(actor_system, "quality", "technical", category="technical", kind="inquiry", region="广东")

    assert route(category("technical"), "", "广东省深圳市", "inquiry") == Routing(
        department("quality").pk, (department("technical").pk,), narrow.pk
    )
    assert route(category("technical"), "", "北京市", "inquiry").department_id == department("sales").pk
    assert route(category("technical"), "", "广东省", "fault").department_id == department("technical").pk


def test_between_equals_the_longer_region_and_then_the_smaller_order_wins(actor_system):
    rule(actor_system, "sales", category="logistics", region="广东", order=1)
    rule(actor_system, "quality", category="logistics", region="广东省深圳", order=2)
    rule(actor_system, "finance", category="logistics", product_group="冰箱", order=20)
    rule(actor_system, "product", category="logistics", product_group="冰箱", order=10)

    assert route(category("logistics"), "", "广东省深圳市").department_id == department("quality").pk
    assert route(category("logistics"), "", "广东省广州市").department_id == department("sales").pk
    assert route(category("logistics"), " 冰箱").department_id == department("product").pk


def test_a_rule_holds_for_sub_categories_until_they_have_their_own(actor_system):
    battery = Category(slug="battery", name="电池", parent=Category.objects.get(slug="technical"))
    library.save(battery, actor=actor_system)

    assert route(battery.pk).department_id == department("technical").pk

    rule(actor_system, "product", category="battery")

    assert route(battery.pk).department_id == department("product").pk
    assert route(category("technical")).department_id == department("technical").pk


def test_without_any_rule_it_is_customer_service(actor_system):
    library.set_active(RoutingRule.objects.all(), False, actor=actor_system)

    assert route(category("technical")) == Routing(department("service").pk, (), None)


def test_an_inactive_department_gets_nothing_even_without_a_new_version(actor_system):
    technical, service = department("technical"), department("service")
    assert route(category("technical")).department_id == technical.pk

    technical.active = False
    technical.save()
    library.rulebook.expire()

    assert route(category("technical")).department_id == service.pk


def test_an_inactive_department_helps_no_more():
    Department.objects.filter(code="service").update(active=False)
    library.rulebook.expire()

    assert route(category("product_quality")).collaborator_ids == ()


def test_no_department_at_all_is_said_plainly():
    Department.objects.update(active=False)
    library.rulebook.expire()

    with pytest.raises(DomainError) as refused:
        route(category("technical"))

    assert refused.value.code == "routing.no_department"


def test_a_keywords_department_leads_and_the_rules_department_helps():
    finance = department("finance").pk

    routing = route(category("product_quality"), keyword_department_id=finance)

    assert routing.department_id == finance
    assert routing.collaborator_ids == (department("quality").pk, department("service").pk)
