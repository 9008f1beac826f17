"""What an API key may be allowed to do, and the rights each scope stands for (ADM-03)."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

SCOPES = {
    "tickets:read": (_("See all tickets"), {"feedback.view_ticket", "feedback.view_all_tickets"}),
    "tickets:write": (_("Create tickets and add messages"), {"feedback.create_ticket"}),
    "tickets:handle": (
        _("Assign, handle, reject and close tickets"),
        {
            "feedback.assign_ticket", "feedback.handle_ticket", "feedback.reject_ticket", "feedback.close_ticket",
            "feedback.follow_up_ticket", "sla.request_extension",
        },
    ),
    "extensions:decide": (_("Decide on extension requests"), {"sla.approve_extension"}),
    "calls:write": (_("Tell of calls to the hotline"), {"channels.report_call"}),
    "customers:read": (
        _("See customers, masked, and their orders"),
        {"crm.view_customer", "crm.view_order", "crm.view_orderline", "crm.view_product"},
    ),
    "customers:write": (_("Create and change customers"), {"crm.add_customer", "crm.change_customer"}),
    "personal_data:read": (_("See clear personal data (each look is recorded)"), {"crm.view_personal_data"}),
    "events:read": (_("See the history of records"), {"journal.view_event"}),
}  # fmt: skip


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """The rights (`app.codename`) of these scopes together; an unknown scope, e.g. of an older release, gives none."""
    return frozenset().union(*(SCOPES[scope][1] for scope in scopes if scope in SCOPES))
