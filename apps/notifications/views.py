"""A colleague's own notices: the bell's fragment and the full list, in the admin's layout."""

from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.notifications import selectors
from apps.notifications.services import notices as service

IN_BELL = 8


@admin.site.admin_view
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """All notices, newest first; `?before=<id>` is the next page."""
    try:
        before = UUID(request.GET["before"]) if request.GET.get("before") else None
    except ValueError:
        before = None
    rows = selectors.notices_of(request.user.pk, before=before, limit=selectors.PAGE + 1)
    context = {
        **admin.site.each_context(request),
        "title": _("My notices"),
        "notices": rows[: selectors.PAGE],
        "next_before": rows[selectors.PAGE - 1].pk if len(rows) > selectors.PAGE else None,
        "first_page": before is None,
        "unread": selectors.unread_count(request.user.pk),
    }
    return TemplateResponse(request, "notifications/notices.html", context)


@admin.site.admin_view
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The fragment that the header loads by htmx: the count, and the latest notices in a fold-out."""
    context = {
        "unread": selectors.unread_count(request.user.pk),
        "notices": selectors.notices_of(request.user.pk, limit=IN_BELL),
    }
    return render(request, "notifications/bell.html", context)


@admin.site.admin_view
@require_GET
def follow(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Mark one's own notice as read and go where it leads."""
    notice = service.mark_read(request.user, notice_id)
    if notice is None:
        raise Http404
    return HttpResponseRedirect(notice.link or reverse("notifications:notices"))


@admin.site.admin_view
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all notices up to the newest one on the page as read."""
    try:
        service.mark_all_read(request.user, up_to=UUID(request.POST.get("up_to", "")))
    except ValueError:
        pass
    return redirect("notifications:notices")
