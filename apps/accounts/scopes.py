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
    "orders:write": (
        _("Bring in products and orders"),
        {"crm.view_customer", "crm.add_product", "crm.change_product", "crm.add_order", "crm.change_order"},
    ),
    "invoices:read": (_("See invoices and payments"), {"billing.view_invoice", "billing.view_payment"}),
    "invoices:write": (
        _("Bring in invoices, payments and what is found out about them"),
        {"billing.view_invoice", "billing.view_payment", "billing.add_invoice", "billing.add_payment"},
    ),
    "voids:read": (_("See void requests"), {"billing.view_voidrequest"}),
    "voids:write": (_("File void requests"), {"billing.request_void"}),
    "voids:verify": (_("Verify void requests, keep their red forms"), {"billing.verify_void"}),
    "voids:execute": (_("Have invoices voided and red-lettered"), {"billing.execute_void"}),
    "refunds:read": (
        _("See refunds, bank batches and reconciliation"),
        {"billing.view_refund", "billing.view_bankbatch", "billing.view_difference", "billing.view_statementrun"},
    ),
    "refunds:write": (_("File refunds and compensation"), {"billing.request_refund"}),
    "refunds:pay": (_("Have refunds paid, release bank batches, settle differences"), {"billing.pay_refund"}),
    "money:approve": (
        _("Sign cases about money, in the name of a person who agreed, up to the amount of a second look"),
        {
            "billing.approve_void_finance", "billing.approve_void_management", "billing.approve_refund_finance",
            "billing.approve_refund_management",
        },
    ),
    "money:approve_large": (_("Sign above that amount, too"), {"accounts.sign_large_by_key"}),
    "personal_data:read": (_("See clear personal data (each look is recorded)"), {"crm.view_personal_data"}),
    "events:read": (_("See the history of records"), {"journal.view_event"}),
}  # fmt: skip


def permissions_of(scopes: Iterable[str]) -> frozenset[str]:
    """The rights (`app.codename`) of these scopes together; an unknown scope, e.g. of an older release, gives none."""
    return frozenset().union(*(SCOPES[scope][1] for scope in scopes if scope in SCOPES))
