"""The year view of a calendar: to be read, and with the right to be set day by day."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.sla import year
from apps.sla.admin.base import RIGHT
from apps.sla.models import Calendar
from apps.sla.services import calendars, recalculation
from apps.sla.states import DayKind

OFFICIAL = "official"


class SetDayForm(forms.Form):
    date = forms.DateField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(
        label=gettext_lazy("This day is"),
        choices=[("", gettext_lazy("as it is without an entry here")), *DayKind.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=gettext_lazy("Called"), required=False, max_length=60)


def address(calendar: Calendar | None, number: int | None = None) -> str:
    """The page of a calendar's year; of the official days without a calendar."""
    number = number or clock.local(clock.now()).year
    return reverse("admin:sla_calendar_year", args=[calendar.pk if calendar else OFFICIAL, number])


def page(request: HttpRequest, site: AdminSite, which: str, number: int) -> HttpResponse:
    """`?day=2026-10-01` opens that day; POST sets it, loads the official days anew or confirms them."""
    if not year.FIRST <= number <= year.LAST:
        raise Http404
    calendar = _calendar(which)
    form: SetDayForm | None = None
    if request.method == "POST" and request.user.has_perm(RIGHT):
        form = SetDayForm(request.POST) if request.POST.get("do") == "set" else None
        if form is None or form.is_valid():
            day = _act(request, calendar, number, form)
            return redirect(address(calendar, number) + (f"?day={day}#day" if day else ""))
    return _show(request, site, calendar, number, form)


def progress(request: HttpRequest) -> HttpResponse:
    return render(request, "sla/_progress.html", {"progress": recalculation.progress(), "here": request.path})


def _act(request: HttpRequest, calendar: Calendar | None, number: int, form: SetDayForm | None) -> date | None:
    actor = actor_for(request)
    if form is not None:
        data = form.cleaned_data
        calendars.set_day(calendar, data["date"], data["kind"], data["name"], actor=actor)
        messages.success(request, _("Saved. Open deadlines are computed anew."))
        return data["date"]
    if request.POST.get("do") == "load":
        count = calendars.load_official_year(number, actor=actor)
        words = _("%(count)s days were brought up to date; what staff entered was left alone.")
        messages.success(request, words % {"count": count} if count else _("The official days are up to date."))
    elif request.POST.get("do") == "confirm":
        calendars.confirm_year(number, actor=actor)
        messages.success(request, _("The days of %(year)s are confirmed as announced.") % {"year": number})
    return None


def _show(
    request: HttpRequest, site: AdminSite, calendar: Calendar | None, number: int, form: SetDayForm | None
) -> HttpResponse:
    may_change = request.user.has_perm(RIGHT)
    chosen = _chosen(request.GET.get("day", ""))
    if form is not None and form.data.get("date"):
        chosen = _chosen(form.data["date"])
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("%(calendar)s %(year)s") % {"calendar": calendar or _("Official days"), "year": number},
        "is_fullwidth": "1",
        "calendar": calendar,
        "calendars": [(None, address(None, number)), *((c, address(c, number)) for c in Calendar.objects.all())],
        "year": year.year_of(calendar, number),
        "marks": year.weekday_marks(),
        "before": address(calendar, number - 1),
        "after": address(calendar, number + 1),
        "may_change": may_change,
        "chosen": year.day_of(calendar, chosen) if chosen else None,
        "form": (form or _form(calendar, chosen)) if chosen and may_change else None,
        "progress": recalculation.progress(),
        "progress_url": reverse("admin:sla_calendar_progress", args=[calendar.pk if calendar else OFFICIAL, number]),
    }
    return TemplateResponse(request, "sla/year.html", context, status=422 if form else 200)


def _form(calendar: Calendar | None, day: date) -> SetDayForm:
    entry = year.entry_of(calendar, day)
    return SetDayForm(initial={"date": day, "kind": entry.kind if entry else "", "name": entry.name if entry else ""})


def _chosen(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if year.FIRST <= found.year <= year.LAST else None


def _calendar(which: str) -> Calendar | None:
    if which == OFFICIAL:
        return None
    try:
        return Calendar.objects.get(pk=UUID(which))
    except (ValueError, Calendar.DoesNotExist) as error:
        raise Http404 from error
