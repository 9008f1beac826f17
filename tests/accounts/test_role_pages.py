"""The pages of roles on a phone: nothing leaves the screen, and the names of the rights stay in view (ADM-01)."""

import pytest
from django.urls import reverse

from apps.accounts.models import RoleGroup
from apps.accounts.roles import Role
from tests import factories

# What stands beyond the screen's edge and in no box that scrolls.
OUTSIDE = """() => {
  const edge = document.documentElement.clientWidth + 1;
  const scrolls = e => e && (/(auto|scroll)/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.querySelectorAll("#main *")]
    .filter(e => e.getBoundingClientRect().width && e.getBoundingClientRect().right > edge && !scrolls(e.parentElement))
    .filter(e => getComputedStyle(e).position !== "absolute" || e.textContent.trim())
    .map(e => `${e.tagName}.${e.className}`).slice(0, 5);
}"""


@pytest.mark.django_db
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_of_roles_fit_a_phone(page, live_site, client, width):
    client.force_login(factories.staff(Role.ADMINISTRATOR))
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_site.url}])
    page.set_viewport_size({"width": width, "height": 900})
    one = RoleGroup.objects.get(name=Role.SERVICE_LEAD)
    pages = (
        reverse("admin:accounts_role_matrix"), reverse("admin:accounts_rolegroup_change", args=[one.pk]),
        reverse("admin:accounts_rolegroup_add"), reverse("admin:accounts_rolegroup_changelist"),
    )  # fmt: skip

    for address in pages:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(OUTSIDE) == [], address

    page.goto(pages[0])
    frame = page.locator(".role-matrix-scroll")
    frame.evaluate("e => e.scrollLeft = 300")
    name = page.locator(".role-matrix-scroll tbody th[scope=row]").first.bounding_box()
    if width == 390:
        assert name["x"] >= 0 and name["width"] < width / 2
