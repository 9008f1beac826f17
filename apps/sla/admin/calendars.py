from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import ExtractYear
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError
from apps.sla.admin import year
from apps.sla.admin.base import RuleAdmin, RuleForm
from apps.sla.models import Calendar, CalendarDay, WorkingPeriod
from apps.sla.services import calendars
from apps.sla.states import DayKind, Weekday


class CalendarForm(RuleForm):
    check = calendars.check

    class Meta:
        model = Calendar
        fields = ("code", "name", "department", "official_days")


class HoursFormSet(forms.BaseInlineFormSet):
    """The week's hours as a whole: the service checks and replaces them together."""

    def periods(self) -> list[calendars.Period]:
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        return [calendars.Period(row["weekday"], row["start"], row["end"]) for row in rows]

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        try:
            calendars.check_periods(self.periods())
        except DomainError as error:
            raise forms.ValidationError(error.words) from error


class HoursInline(TabularInline):
    model = WorkingPeriod
    formset = HoursFormSet
    fields = ("weekday", "start", "end")
    extra = 0
    min_num = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site._registry[Calendar].has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site._registry[Calendar].has_view_permission(request, obj)


@admin.register(Calendar)
class CalendarAdmin(RuleAdmin):
    form = CalendarForm
    inlines = (HoursInline,)
    list_display = ("name", "code", "department", "official_days", "year_link")
    list_select_related = ("department",)
    search_fields = ("name", "code")

    actions_list = ("official_year",)
    actions_detail = ("show_year",)

    def get_urls(self) -> list[URLPattern]:
        views = [
            path(
                "<str:which>/year/<int:number>/", self.admin_site.admin_view(self.year_view), name="sla_calendar_year"
            ),
            path(
                "<str:which>/year/<int:number>/progress/",
                self.admin_site.admin_view(self.progress_view),
                name="sla_calendar_progress",
            ),
        ]
        return [*views, *super().get_urls()]

    def year_view(self, request: HttpRequest, which: str, number: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return year.page(request, self.admin_site, which, number)

    def progress_view(self, request: HttpRequest, which: str, number: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return year.progress(request)

    @admin.display(description=_("year"))
    def year_link(self, calendar: Calendar) -> SafeString:
        return format_html('<a href="{}">{}</a>', year.address(calendar), _("Year view"))

    @action(description=_("Year view of the official days"), url_path="official-year")
    def official_year(self, request: HttpRequest) -> HttpResponse:
        return redirect(year.address(None))

    @action(description=_("Year view"), url_path="show-year")
    def show_year(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(year.address(Calendar.objects.filter(pk=object_id).first()))

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        return (obj is None or obj.department_id is not None) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: found for name, found in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        """Saved together with its hours, below."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            calendars.save(form.instance, formset.periods(), actor=actor_for(request))
            formset.new_objects = formset.changed_objects = formset.deleted_objects = []  # what the page's log reads

    def delete_model(self, request: HttpRequest, obj: Calendar) -> None:
        calendars.delete(obj, actor=actor_for(request))


class DayForm(RuleForm):
    check = calendars.check_day

    class Meta:
        model = CalendarDay
        fields = ("calendar", "date", "kind", "name", "provisional")


class YearFilter(admin.SimpleListFilter):
    title = _("year")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = CalendarDay.objects.order_by().values_list(ExtractYear("date"), flat=True).distinct()
        return [(str(year), str(year)) for year in sorted(years, reverse=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> QuerySet[CalendarDay]:
        value = self.value()
        return queryset.filter(date__year=int(value)) if value and value.isdigit() else queryset


@admin.register(CalendarDay)
class CalendarDayAdmin(RuleAdmin):
    form = DayForm
    list_display = ("date", "weekday", "kind_display", "name", "calendar_display", "provisional_words")
    list_filter = (YearFilter, "kind", "provisional", "calendar")
    list_select_related = ("calendar",)
    search_fields = ("name",)
    ordering = ("-date",)
    list_per_page = 100

    @admin.display(description=_("weekday"))
    def weekday(self, day: CalendarDay) -> str:
        return str(Weekday(day.date.weekday()).label)

    @display(
        description=_("kind"), ordering="kind",
        label={DayKind.HOLIDAY: "info", DayKind.WORKDAY: "warning", DayKind.COMPANY_DAY_OFF: "success",
               DayKind.ORDINARY: "default"},
    )  # fmt: skip
    def kind_display(self, day: CalendarDay) -> tuple[str, str]:
        return day.kind, day.get_kind_display()

    @admin.display(description=_("calendar"), ordering="calendar")
    def calendar_display(self, day: CalendarDay) -> str:
        return day.calendar.name if day.calendar else str(_("official"))

    @admin.display(description=_("provisional"), ordering="provisional")
    def provisional_words(self, day: CalendarDay) -> str:
        return str(_("provisional")) if day.provisional else ""

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        calendars.save_day(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        calendars.delete_day(obj, actor=actor_for(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> None:
        for day in queryset:
            calendars.delete_day(day, actor=actor_for(request))
