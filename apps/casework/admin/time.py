"""Time spent, by person and day: to look at; entries are made and corrected on the tickets."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter

from apps.casework.models import TimeEntry


@admin.register(TimeEntry)
class TimeEntryAdmin(ModelAdmin):
    """Narrowed by person and days; the sum of what is shown stands above the list."""

    list_display = ("worked_on", "user", "minutes", "activity", "of_ticket", "note", "at")
    list_display_links = None
    list_filter = (("worked_on", RangeDateFilter), ("user", admin.RelatedOnlyFieldListFilter), "activity")
    list_filter_submit = True
    list_select_related = ("user", "ticket")
    search_fields = ("user__display_name", "user__staff_number", "ticket__number")
    list_per_page = 100
    show_full_result_count = False

    @admin.display(description=_("ticket"), ordering="ticket")
    def of_ticket(self, entry: TimeEntry) -> SafeString:
        return format_html('<a href="/admin/tickets/{0}/">{0}</a>', entry.ticket.number)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", {}).get("cl")
        if listed is not None:
            rows: QuerySet[TimeEntry] = listed.queryset
            total = rows.order_by().aggregate(n=Sum("minutes"))["n"] or 0
            words = _("%(hours)s h %(minutes)s min in all")
            response.context_data["subtitle"] = words % {"hours": total // 60, "minutes": total % 60}
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
