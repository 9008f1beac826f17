"""What came in through the doors, and what became of it; an item that failed is tried again or set aside here."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.paginator import InfinitePaginator

from apps.accounts.principals import actor_for
from apps.channels.models import Inbound
from apps.channels.services import inbound
from apps.core.errors import DomainError
from apps.feedback.selectors.mail import is_id

COLOURS = {
    Inbound.State.RECEIVED.value: "info", Inbound.State.HANDLED.value: "success", Inbound.State.IGNORED.value: "default",
    Inbound.State.FAILED.value: "danger",
}  # fmt: skip


@admin.register(Inbound)
class InboundAdmin(ModelAdmin):
    list_display = ("at", "door", "state_mark", "ticket_link", "attempts", "error")
    list_display_links = ("at",)
    list_filter = ("state", "door")
    list_select_related = ("door", "ticket")
    ordering = ("-at", "-id")
    sortable_by = ()
    show_full_result_count = False
    paginator = InfinitePaginator
    list_per_page = 50
    actions = ("try_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inbound]:
        return super().get_queryset(request).defer("payload", "door__secrets", "door__token")

    @display(description=_("state"), label=COLOURS)
    def state_mark(self, row: Inbound) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @admin.display(description=_("ticket"))
    def ticket_link(self, row: Inbound) -> "SafeString | str":
        if row.ticket is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:desk_ticket", args=[row.ticket.number]), row.ticket)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @action(description=_("Try again"), permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Inbound]) -> None:
        failed = queryset.filter(state=Inbound.State.FAILED)
        done = sum(1 for row in failed if inbound.try_again(row, actor=actor_for(request)))
        words = ngettext("%(count)s item is tried again.", "%(count)s items are tried again.", done)
        messages.success(request, words % {"count": done})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.act_view))
        return [path("<uuid:row_id>/act/<slug:act>/", view, name="channels_inbound_act"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One item in words; what was said is shown to whoever may decide about it, while no ticket holds it."""
        rows = Inbound.objects.select_related("door", "ticket", "message")
        row = rows.filter(pk=object_id).first() if is_id(object_id) else None
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        may_act = self.has_change_permission(request, row)
        context = {
            **self.admin_site.each_context(request),
            "title": _("incoming item"),
            "opts": self.opts,
            "row": row,
            "colour": COLOURS[row.state],
            "failed": row.state == Inbound.State.FAILED,
            "may_act": may_act,
            "said": str(json.loads(row.payload).get("text", "")) if may_act and row.ticket is None else "",
        }
        response = TemplateResponse(request, "channels/inbound.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def act_view(self, request: HttpRequest, row_id: UUID, act: str) -> HttpResponse:
        """The two buttons of an item that failed."""
        row = Inbound.objects.filter(pk=row_id).first()
        if row is None or act not in ("try-again", "set-aside"):
            raise Http404
        try:
            if act == "try-again":
                inbound.try_again(row, actor=actor_for(request))
                messages.success(request, _("It is tried again now."))
            else:
                inbound.set_aside(row, actor=actor_for(request), reason=request.POST.get("reason", ""))
                messages.success(request, _("It is set aside."))
        except DomainError as error:
            if error.code == "core.not_allowed":
                raise PermissionDenied from error
            messages.error(request, error.words)
            return redirect("admin:channels_inbound_change", row.pk)
        return redirect("admin:channels_door_changelist")
