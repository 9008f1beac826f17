"""How the admin theme looks and what its parts are; the sidebar itself is `apps.desk.navigation`."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Customer feedback desk"),
    "SITE_HEADER": _("Customer feedback desk"),
    "SITE_SYMBOL": "forum",
    "SITE_URL": "/",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    # One accent; the colours of states (due soon, late, done) are in static/desk/desk.css and used for nothing else.
    "COLORS": {
        "primary": {
            "50": "oklch(97.3% .012 250)",
            "100": "oklch(94% .028 250)",
            "200": "oklch(88.5% .055 250)",
            "300": "oklch(81% .09 250)",
            "400": "oklch(71.5% .125 252)",
            "500": "oklch(63% .145 254)",
            "600": "oklch(51.5% .15 256)",
            "700": "oklch(45% .14 257)",
            "800": "oklch(39.5% .115 258)",
            "900": "oklch(35% .09 259)",
            "950": "oklch(26% .065 260)",
        },
    },
    "STYLES": [
        lambda request: static("desk/desk.css"),
        lambda request: static("desk/navigation.css"),
        lambda request: static("notifications/notifications.css"),
        lambda request: static("desk/casework.css"),
        lambda request: static("desk/customer_voice.css"),
        lambda request: static("desk/calls.css"),
        lambda request: static("desk/relations.css"),
        lambda request: static("desk/money_card.css"),
        lambda request: static("desk/meanwhile.css"),
        lambda request: static("desk/approvals.css"),
        lambda request: static("desk/second_factor.css"),
    ],
    "SCRIPTS": [
        lambda request: static("desk/desk.js"),
        lambda request: static("desk/casework.js"),
        lambda request: static("desk/customer_voice.js"),
        lambda request: static("desk/approvals_count.js"),
    ],
    "ACCOUNT": {
        "navigation": [
            {"title": _("Second factor"), "link": reverse_lazy("admin:second_factor")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "COMMAND": {"search_callback": "apps.desk.navigation.search"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "apps.desk.navigation.sidebar"},
}
