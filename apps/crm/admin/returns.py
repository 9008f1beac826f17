from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from apps.crm.models import ReturnOrder

STATE_COLOURS = {
    "requested": "info", "shipped": "info", "received": "warning", "completed": "success", "cancelled": "default"
}  # fmt: skip


@admin.register(ReturnOrder)
class ReturnOrderAdmin(ModelAdmin):
    """Read here; the sales system writes them."""

    actions = None
    list_display = ("number", "order", "state_mark", "yuan", "received_at", "completed_at")
    list_filter = ("state",)
    list_select_related = ("order",)
    sortable_by = ()
    search_fields = ("number", "order__number")
    search_help_text = _("The number of the return or of its order.")
    show_full_result_count = False
    paginator = InfinitePaginator
    fields = ("number", "external_id", "order", "state", "amount", "received_at", "completed_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ReturnOrder], search_term: str
    ) -> tuple[QuerySet[ReturnOrder], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(number=term) | queryset.filter(order__number=term), False

    @display(description=_("state"), label=STATE_COLOURS)
    def state_mark(self, obj: ReturnOrder) -> tuple[str, str]:
        return obj.state, obj.get_state_display()

    @admin.display(description=_("amount to give back"))
    def yuan(self, obj: ReturnOrder) -> str:
        return f"¥{obj.amount:,.2f}" if obj.amount is not None else str(_("the whole order"))
