from apps.accounts.services import api_keys
from apps.core.actors import system
from apps.crm.services import customers
from tests.factories import *


def test_shots(page, live_site):
    u = UserFactory(username="boss", roles=["administrator"], display_name="王芳")
    for n, name in enumerate(["欧阳娜娜", "张三", "李四光", "John Smith"]):
        c = make_customer(
            name=name,
            email=f"c{n}@example.com",
            address="上海市浦东新区世纪大道",
            tier=["vip", "gold", "normal", "silver"][n],
            region="上海",
        )
        for k in range(3):
            OrderLineFactory(order=OrderFactory(customer=c))
    api_keys.create("erp", ["tickets:read"], actor=system("x"))
    customers.reveal(c, "phone", actor=system("x"), reason="回拨客户")
    page.goto("/admin/login/")
    page.fill("#id_username", "boss")
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")

    def shot(path, name, full=True):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=f"/tmp/shots/{name}.png", full_page=full)

    shot("/admin/accounts/rolegroup/matrix/", "matrix")
    page.emulate_media(media="print")
    page.screenshot(path="/tmp/shots/matrix-print.png", full_page=True)
    page.pdf(path="/tmp/shots/matrix.pdf", prefer_css_page_size=True)
    page.emulate_media(media="screen")
    shot("/admin/crm/customer/", "customers")
    shot(f"/admin/crm/customer/{c.pk}/change/", "customer")
    shot(f"/admin/crm/customer/{c.pk}/reveal/", "reveal")
    shot("/admin/crm/customer/add/", "customer-add")
    shot("/admin/crm/order/", "orders")
    shot(f"/admin/crm/order/{c.orders.first().pk}/change/", "order")
    shot("/admin/accounts/user/", "users")
    shot(f"/admin/accounts/user/{u.pk}/change/", "user")
    shot("/admin/accounts/apikey/", "keys")
    shot("/admin/accounts/apikey/add/", "key-add")
    page.fill("#id_name", "商城")
    page.check("input[value='tickets:read']")
    page.click("button[name=_save]")
    page.wait_for_load_state("networkidle")
    page.screenshot(path="/tmp/shots/key-once.png")
    shot(f"/admin/accounts/apikey/{api_keys.ApiKey.objects.get(name='erp').pk}/revoke/", "revoke")
    shot("/admin/accounts/rolegroup/", "groups")
    shot("/admin/accounts/rolegroup/2/change/", "group")
    shot("/admin/accounts/approvallimit/", "limits")
    shot("/admin/accounts/department/", "departments")
