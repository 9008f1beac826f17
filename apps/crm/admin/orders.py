from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError
from apps.crm import selectors
from apps.crm.models import Order, OrderLine
from apps.crm.services import returns

STATE_COLOURS = {
    "placed": "warning", "paid": "info", "shipped": "info", "delivered": "success", "returned": "danger",
    "cancelled": "default",
}  # fmt: skip


class OrderForm(forms.ModelForm[Order]):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["external_id"] = data.get("external_id") or None
        ordered, shipped, delivered = (data.get(name) for name in ("ordered_at", "shipped_at", "delivered_at"))
        if shipped and ordered and shipped < ordered:
            self.add_error("shipped_at", _("This lies before the order."))
        if delivered and (begun := shipped or ordered) and delivered < begun:
            self.add_error("delivered_at", _("This lies before the order or its shipping."))
        total = data.get("total")
        if total is not None and total < Decimal(0):
            self.add_error("total", _("An amount can't be negative."))
        return data


class OrderLineForm(forms.ModelForm[OrderLine]):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in ("unit_price", "amount"):
            if data.get(name) is not None and data[name] < Decimal(0):
                self.add_error(name, _("An amount can't be negative."))
        if data.get("quantity") == 0:
            self.add_error("quantity", _("At least one."))
        return data


class OrderLineInline(TabularInline):
    model = OrderLine
    form = OrderLineForm
    fields = ("product", "quantity", "unit_price", "amount", "serial_number")
    autocomplete_fields = ("product",)
    extra = 0


@admin.register(Order)
class OrderAdmin(ModelAdmin):
    form = OrderForm
    list_display = ("number", "customer_masked", "state_mark", "yuan", "ordered_at", "delivered_at")
    list_filter = ("state", "ordered_at")
    sortable_by = ("ordered_at",)
    search_fields = ("number",)
    search_help_text = _("The whole order number, serial number, or the customer's phone, e-mail or number.")
    show_full_result_count = False
    paginator = InfinitePaginator
    autocomplete_fields = ("customer",)
    inlines = (OrderLineInline,)
    fields = (
        "number", "external_id", "customer", "state", "total", "ordered_at", "shipped_at", "delivered_at"
    )  # fmt: skip

    @admin.display(description=_("customer"))
    def customer_masked(self, obj: Order) -> str:
        return str(obj.customer)

    @display(description=_("state"), label=STATE_COLOURS)
    def state_mark(self, obj: Order) -> tuple[str, str]:
        return obj.state, obj.get_state_display()

    @admin.display(description=_("order total"), ordering="total")
    def yuan(self, obj: Order) -> str:
        return f"¥{obj.total:,.2f}"

    def save_model(self, request: HttpRequest, obj: Order, form: Any, change: bool) -> None:
        """An order that came back starts what a completed return starts (LNK-02)."""
        super().save_model(request, obj, form, change)
        try:
            returns.came_back(obj, actor=actor_for(request))
        except DomainError as error:
            messages.error(request, error.words)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return selectors.orders(actor_for(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        term = search_term.strip()
        condition = selectors.find_exact(term)
        if condition is None:
            return queryset, False
        line = OrderLine.objects.filter(serial_number=term).values("order")
        whose = selectors.masked(actor_for(request)).filter(condition).values("pk")
        wanted = Q(number=term) | Q(external_id=term) | Q(pk__in=line) | Q(customer__in=whose)
        return queryset.filter(wanted), False
