"""Invoices, payments, void requests, refunds and red forms to look at; what is done about them is done on their pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.paginator import InfinitePaginator

from apps.accounts.principals import actor_for
from apps.billing.admin.lists import ReadOnly, in_yuan, link, yuan
from apps.billing.models import (
    Invoice,
    InvoiceFact,
    InvoiceLine,
    Payment,
    RedForm,
    Refund,
    RefundAttempt,
    TaxOperation,
    VoidCheck,
    VoidLine,
    VoidRequest,
)
from apps.crm.contacts import PERSONAL_FIELDS


def _cipher(prefix: str) -> list[str]:
    return [f"{prefix}{name}" for name in (*PERSONAL_FIELDS, "note")]


class Part(TabularInline):
    """Rows of a record, to look at."""

    extra = 0
    can_delete = False
    hide_title = True  # the columns say what a row is; above it would stand "VoidLine object (…)"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # who sees the record sees its parts


class Record(ReadOnly):
    """Found by its whole number, paged without counting."""

    show_full_result_count = False
    paginator = InfinitePaginator
    sortable_by = ()
    search_help_text = _("The whole number.")
    keys: tuple[str, ...] = ("number",)
    search_fields = ("number",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[Any, bool]:
        term, found = search_term.replace("\0", "").strip(), queryset.none()
        if not term:
            return queryset, False
        for key in self.keys:
            found = found | queryset.filter(**{key: term})
        return found, False


class LineInline(Part):
    model = InvoiceLine
    fields = readonly_fields = (
        "position",
        "name",
        "quantity",
        "unit",
        "net",
        "rate",
        "tax",
        "undone_quantity",
        "undone_net",
    )

    @admin.display(description=_("quantity held or undone"))
    def undone_quantity(self, row: InvoiceLine) -> str:
        return f"{row.held_quantity.normalize():f}"

    @admin.display(description=_("net held or undone"))
    def undone_net(self, row: InvoiceLine) -> str:
        return yuan(row.held_net)


class FactInline(Part):
    model = InvoiceFact
    fields = readonly_fields = ("fact", "holds", "source", "at", "noted_by", "note")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceFact]:
        return super().get_queryset(request).select_related("recorded_by")

    @admin.display(description=_("recorded by"))
    def noted_by(self, row: InvoiceFact) -> str:
        return str(row.recorded_by or "-")


@admin.register(Invoice)
class InvoiceAdmin(Record):
    list_display = ("number", "code", "kind", "state", "buyer_name", in_yuan(Invoice, "gross"), "issued_at", "order")
    list_filter = ("kind", "state")
    keys = ("number", "external_id", "order__number", "customer__external_id")
    search_help_text = _("The whole invoice number, order number, customer number or number in the ERP.")
    fields = (
        "number", "code", "kind", "state", "issued_at", "buyer_name", "buyer_tax_number", "net", "tax", "gross", "order",
        "customer", "red_of", "replaces", "external_id", "imported_at", "requests",
    )  # fmt: skip
    readonly_fields = ("requests",)
    inlines = (LineInline, FactInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invoice]:
        return super().get_queryset(request).select_related("customer", "order").defer(*_cipher("customer__"))

    @admin.display(description=_("void requests"))
    def requests(self, row: Invoice) -> str:
        links = [link("void_request", number) for number in row.void_requests.values_list("number", flat=True)]
        return format_html(" · ".join(["{}"] * len(links)), *links) if links else "—"


@admin.register(Payment)
class PaymentAdmin(Record):
    list_display = ("number", "channel", in_yuan(Payment, "amount"), "left", "payer_name_masked", "paid_at", "order")
    list_filter = ("channel",)
    list_select_related = ("order",)
    keys = ("number", "provider_number", "order__number")
    fields = (
        "number",
        "provider_number",
        "channel",
        "amount",
        "reserved",
        "payer_name_masked",
        "paid_at",
        "order",
        "refunds_of",
    )
    readonly_fields = ("refunds_of",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        return super().get_queryset(request).defer("payer_name")

    @admin.display(description=_("left to refund"))
    def left(self, row: Payment) -> str:
        return yuan(row.amount - row.reserved)

    @admin.display(description=_("refunds"))
    def refunds_of(self, row: Payment) -> str:
        links = [link("refund", number) for number in row.refunds.values_list("number", flat=True)]
        return format_html(" · ".join(["{}"] * len(links)), *links) if links else "—"


class VoidLineInline(Part):
    model = VoidLine
    fields = readonly_fields = ("line", "quantity", "net", "tax")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("line")


class CheckInline(Part):
    model = VoidCheck
    fields = readonly_fields = ("kind", "result", "source", "detail", "at", "by")


class OperationInline(Part):
    model = TaxOperation
    fields = readonly_fields = ("verb", "adapter", "key", "state", "failure", "certificate")


@admin.register(VoidRequest)
class VoidRequestAdmin(Record):
    list_display = (
        "page",
        "state",
        "invoice",
        in_yuan(VoidRequest, "amount"),
        "reason",
        "requested_by",
        "submitted_at",
        "act",
    )
    list_display_links = None
    list_filter = ("state", "act")
    list_select_related = ("invoice", "reason", "requested_by")
    keys = ("number", "invoice__number", "ticket__number")
    search_help_text = _("The whole number of the request, invoice or ticket.")
    fields = (
        "page", "state", "invoice", "ticket", "reason", "words", "whole", "net", "tax", "amount", "round", "requested_by",
        "submitted_at", "act", "rule", "form_kind", "decided_at", "executed_at", "certificate", "red_invoice",
    )  # fmt: skip
    readonly_fields = ("page",)
    inlines = (VoidLineInline, CheckInline, OperationInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoidRequest]:
        return VoidRequest.objects.visible_to(actor_for(request)).defer("ruling").order_by("-id")

    @admin.display(description=_("number"))
    def page(self, row: VoidRequest) -> str:
        return link("void_request", row.number)


class AttemptInline(Part):
    model = RefundAttempt
    fields = readonly_fields = (
        "position",
        "number",
        "channel",
        "method",
        "state",
        "amount",
        "provider_number",
        "failure",
    )


@admin.register(Refund)
class RefundAdmin(Record):
    list_display = (
        "page",
        "state",
        "kind",
        in_yuan(Refund, "amount"),
        "channel",
        "method",
        "requested_by",
        "created_at",
        "held_because",
    )
    list_display_links = None
    list_filter = ("state", "kind", "channel")
    list_select_related = ("requested_by",)
    keys = ("number", "payment__number", "ticket__number", "attempts__number")
    search_help_text = _("The whole number of the refund, payment, ticket or attempt.")
    fields = (
        "page", "state", "kind", "payment", "ticket", "void_request", "amount", "words", "channel", "method", "round",
        "requested_by", "payee_name_masked", "payee_account_masked", "payee_bank", "held_because", "settled_at",
    )  # fmt: skip
    readonly_fields = ("page",)
    inlines = (AttemptInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        return Refund.objects.visible_to(actor_for(request)).defer("payee_name", "payee_account").order_by("-id")

    @admin.display(description=_("number"))
    def page(self, row: Refund) -> str:
        return link("refund", row.number)


@admin.register(RedForm)
class RedFormAdmin(Record):
    list_display = ("number", "kind", "state", "starter", "of_request", "entered_at", "confirm_by", "settled_at")
    list_filter = ("state", "kind")
    list_select_related = ("request",)
    keys = ("number", "request__number", "request__invoice__number")
    fields = ("number", "kind", "starter", "state", "of_request", "entered_at", "confirm_by", "settled_at", "reminded")
    readonly_fields = ("of_request",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_for(request).can("billing.view_voidrequest")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description=_("void request"))
    def of_request(self, row: RedForm) -> str:
        return link("void_request", row.request.number)
