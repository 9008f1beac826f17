from django.conf import settings
from django.test import Client

from apps.accounts.models import User


def test_shots(page):
    u=User.objects.create_superuser("root", password="x")
    c=Client(); c.force_login(u)
    page.goto("/admin/login/") 
    page.context.add_cookies([{"name":settings.SESSION_COOKIE_NAME,"value":c.cookies[settings.SESSION_COOKIE_NAME].value,"url":page.url.split("/admin")[0]+"/"}])
    page.goto("/admin/triage/keyword/"); page.screenshot(path="/tmp/lib/s_list.png")
    page.goto("/admin/triage/keyword/try"); page.screenshot(path="/tmp/lib/s_try0.png")
    page.fill("textarea[name=text]","買的熱水器用了三天就漏电了，送货的师傅态度很恶劣，打客服电话没人接。包装也破了，要求退款，不然投诉到12315！")
    page.select_option("select[name=tier]","vip"); page.click("#trial-form button[type=submit]"); page.wait_for_selector("#trial"); page.screenshot(path="/tmp/lib/s_try.png",full_page=True)
    page.set_viewport_size({"width":390,"height":844}); page.screenshot(path="/tmp/lib/s_try390.png",full_page=True)
    page.set_viewport_size({"width":1280,"height":900})
    for n,x in (("scoreweight",""),("routingrule",""),("category",""),("libraryversion",""),("keyword","add/"),("routingrule","add/")):
        page.goto(f"/admin/triage/{n}/{x}"); page.screenshot(path=f"/tmp/lib/s_{n}{x.strip('/')}.png")
