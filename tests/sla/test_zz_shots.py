import pytest
from django.urls import reverse
from tests.factories import UserFactory, PASSWORD
def test_shots(page, live_site):
    from apps.sla.models import Calendar, Policy, CalendarDay
    from apps.sla.services import deadlines
    from apps.journal.events import Ref
    from uuid import uuid4
    from datetime import datetime
    from apps.core.clock import SHANGHAI
    u=UserFactory(username="boss", is_superuser=True)
    s=Ref("feedback.ticket",uuid4())
    (d,*_)=deadlines.start(s,["resolution","acceptance"],deadlines.Facts("complaint","normal","online","normal",None),at=datetime(2026,9,30,16,20,tzinfo=SHANGHAI))
    page.goto("/admin/login/")
    page.fill("input[name=username]","boss"); page.fill("input[name=password]",PASSWORD); page.click("button[type=submit]")
    for n,url in {"policies":reverse("admin:sla_policy_changelist"),"policy":reverse("admin:sla_policy_change",args=[Policy.objects.get(code="resolution").pk]),
      "calendar":reverse("admin:sla_calendar_change",args=[Calendar.objects.get().pk]),"days":reverse("admin:sla_calendarday_changelist")+"?year=2026","ladder":reverse("admin:sla_escalationstep_changelist"),
      "deadlines":reverse("admin:sla_deadline_changelist"),"deadline":reverse("admin:sla_deadline_change",args=[d.pk])}.items():
        page.goto(url); page.wait_for_load_state("networkidle"); page.screenshot(path=f"/tmp/shot_{n}.png",full_page=True)
