from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.errors import DomainError, DomainErrors
from apps.crm import selectors
from apps.crm.admin.forms import CustomerForm, RevealForm
from apps.crm.contacts import FIELD_LABELS
from apps.crm.models import Customer, Order
from apps.crm.services import customers

SERVICE_FIELDS = ("tier", "region", "language", "preferred_channel", "external_id", "note")
TIER_COLOURS = {"normal": "default", "silver": "info", "gold": "warning", "vip": "primary"}


class OrderInline(TabularInline):
    """What the customer bought, to look at; an order is edited on its own page."""

    model = Order
    fields = readonly_fields = ("number_link", "state", "yuan", "ordered_at", "delivered_at")
    hide_title = True
    extra = 0
    per_page = 10
    can_delete = False

    @admin.display(description=_("order number"))
    def number_link(self, obj: Order) -> str:
        return format_html('<a href="{}">{}</a>', reverse("admin:crm_order_change", args=[obj.pk]), obj.number)

    @admin.display(description=_("order total"))
    def yuan(self, obj: Order) -> str:
        return f"¥{obj.total:,.2f}"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _restriction(customer: Customer) -> str:
    """What the page says of a customer whose data is only stored (LAW-05)."""
    if customer.erased_at is not None:
        return gettext("Erased on %(day)s: nothing here names the person any more.") % {"day": _day(customer.erased_at)}
    return gettext(
        "Restricted since %(day)s: the data is stored and protected, and nothing else is done with it. The tickets stand in"
        " no list and no search but those of colleagues who work on requests about personal data."
    ) % {"day": _day(customer.restricted_at)}


def _day(moment: datetime | None) -> str:
    return clock.local(moment).strftime("%Y-%m-%d") if moment else ""


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    """Masked throughout (INT-06). A clear value is on its own page, for a reason that is recorded."""

    form = CustomerForm
    list_display = ("masked_name", "phone_masked", "email_masked", "tier_mark", "region", "number", "created_at")
    list_filter = ("tier", "language", "preferred_channel")
    sortable_by = ("created_at",)  # the others would sort a million rows without an index
    search_fields = ("external_id",)
    search_help_text = _("The whole phone number, e-mail address, customer number or order number.")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    paginator = InfinitePaginator
    inlines = (OrderInline,)
    actions_detail = ("reveal",)
    actions = None
    readonly_fields = (
        "masked_name",
        "phone_masked",
        "email_masked",
        "address_masked",
        "created_at",
        "restricted_at",
        "erased_at",
    )
    add_fieldsets = (
        (_("Person"), {"fields": ("new_name", "new_phone", "new_email", "new_address")}),
        (_("Service and contact"), {"fields": SERVICE_FIELDS}),
    )
    fieldsets = (
        (_("Person"), {"fields": ("masked_name", "phone_masked", "email_masked", "address_masked")}),
        (
            _("Change personal data"),
            {"fields": ("new_name", "new_phone", "new_email", "new_address", "remove"), "classes": ("collapse",)},
        ),
        (
            _("Service and contact"),
            {"fields": (*SERVICE_FIELDS, "created_at", "restricted_at", "erased_at")},
        ),
    )

    @admin.display(description=_("full name"))
    def masked_name(self, obj: Customer) -> str:
        return str(obj)

    @admin.display(description=_("customer number"))
    def number(self, obj: Customer) -> str:
        return obj.number_masked

    @display(description=_("tier"), label=TIER_COLOURS)
    def tier_mark(self, obj: Customer) -> tuple[str, str]:
        return obj.tier, obj.get_tier_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        found = selectors.masked(actor_for(request)).order_by(*self.ordering)
        page = request.resolver_match.url_name if request.resolver_match else ""
        # LAW-05: a restricted customer is in no list; the record itself opens from its tickets and data requests.
        return found.filter(restricted_at=None) if page in ("crm_customer_changelist", "autocomplete") else found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        condition = selectors.find_exact(search_term)
        if condition is None:
            return queryset, False
        by_order = Order.objects.filter(number=search_term.strip()).values("customer")
        return queryset.filter(condition) | queryset.filter(pk__in=by_order), False

    def get_fieldsets(self, request: HttpRequest, obj: Customer | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and obj.restricted_at is not None:
            title, options = fieldsets[0]
            fieldsets = ((title, {**options, "description": _restriction(obj)}), *fieldsets[1:])
        if obj is not None and not self.has_change_permission(request, obj):
            return (fieldsets[0], fieldsets[2])
        return fieldsets

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """Tickets and orders stay somebody's."""
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (DomainError, DomainErrors) as error:  # between the form's check and the save somebody else was quicker
            for one in getattr(error, "errors", [error]):
                messages.error(request, one.words)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        actor = actor_for(request)
        if change:
            customers.update(obj, form.values(), actor=actor)
        else:
            made = customers.create(form.values(), actor=actor)
            obj.pk, obj.name_masked = made.pk, made.name_masked
            obj.phone_masked, obj.email_masked = made.phone_masked, made.email_masked

    def has_reveal_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("crm.view_personal_data")

    @action(description=_("Show clear values"), permissions=["reveal"], url_path="reveal", icon="visibility")
    def reveal(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        customer = self.get_object(request, str(object_id))
        if customer is None:
            raise Http404
        form = RevealForm(customer, request.POST or None)
        result = None
        if request.method == "POST" and form.is_valid():
            field = form.cleaned_data["field"]
            clear = customers.reveal(customer, field, actor=actor_for(request), reason=form.cleaned_data["reason"])
            result = {"label": FIELD_LABELS[field], "value": clear}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Clear values of %(customer)s") % {"customer": customer},
            "intro": _("Who looked at what, when and why is recorded for good."),
            "form": form,
            "act": _("Show the clear value"),
            "back": "../change/",
            "result": result,
            "history": selectors.looks(customer),
            "history_template": "crm/looks.html",
        }
        response = TemplateResponse(request, "accounts/ask.html", context)
        response["Cache-Control"] = "no-store"
        return response
