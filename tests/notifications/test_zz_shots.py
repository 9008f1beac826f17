import pytest
from django.test import Client
from apps.core.actors import system
from apps.notifications.models import *
from apps.notifications.services import outbox, dispatch
from tests.factories import UserFactory

def test_shots(page, live_site, event, send, settings):
    settings.PUBLIC_URL = live_site.url
    user = UserFactory(username="boss", is_superuser=True, display_name="王主管")
    m = send(context={"link": live_site.url + "/t/202405-001/abc"}); send(channel="sms"); send(channel="phone"); send(to=outbox.Recipient(email="nope"))
    send(template="survey", channel="sms")
    dispatch.dispatch()
    for code in ("deadline_warned","deadline_breached","deadline_escalated"):
        outbox.notify(user, code, event=event, link="/admin/", context={"number":"202405-001","metric":"首次响应","due_at":"2024-05-11 10:30","urgency":"紧急","category":"产品质量","department":"售后服务部","responsible":"李娜","level":"部门负责人"})
    c = Client(); c.force_login(user)
    page.context.add_cookies([{"name":"sessionid","value":c.cookies["sessionid"].value,"url":live_site.url}])
    def shot(path, name):
        page.goto(path); page.wait_for_load_state("networkidle"); page.screenshot(path=f"/tmp/shot_{name}.png", full_page=True)
    shot("/admin/notifications/outgoingmessage/", "list")
    shot(f"/admin/notifications/outgoingmessage/{m.pk}/change/", "message")
    call = OutgoingMessage.objects.get(channel="phone")
    shot(f"/admin/notifications/outgoingmessage/{call.pk}/change/", "call")
    shot("/admin/notifications/template/", "templates")
    t = Template.objects.get(code="acknowledgement", channel="sms", language="zh-hans")
    shot(f"/admin/notifications/template/{t.pk}/change/", "template")
    page.fill("textarea[name=body]", "编号 {number} {nummer} {link}"); page.wait_for_timeout(1200); page.screenshot(path="/tmp/shot_template_bad.png", full_page=True)
    page.fill("textarea[name=body]", "编号 {number} {link} 您好"); page.wait_for_timeout(1200)
    assert "您好" in page.inner_text(".message-sheet")
    shot("/admin/notices/", "notices")
    page.goto("/admin/notices/bell/"); page.screenshot(path="/tmp/shot_bell.png")
    page.set_viewport_size({"width":390,"height":800})
    shot(f"/admin/notifications/outgoingmessage/{m.pk}/change/", "message390")
    shot("/admin/notices/", "notices390")
