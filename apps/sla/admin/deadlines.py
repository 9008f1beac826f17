from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display

from apps.core import clock
from apps.journal.admin import ReadOnly
from apps.sla.explanation import explain
from apps.sla.models import Deadline
from apps.sla.states import State


@admin.register(Deadline)
class DeadlineAdmin(ReadOnly):
    """All clocks, to be read; a due time is set by hand on the ticket."""

    list_display = ("metric", "subject_type", "condition", "started_at", "due_at", "ended_at", "department")
    list_filter = ("state", "metric")
    list_select_related = ("department",)
    search_fields = ("subject_id__exact",)
    search_help_text = _("Exact id of what it belongs to")
    ordering = ("-id",)  # by creation, along the primary key
    fieldsets = (
        (None, {"fields": ("metric", "condition_words", "subject_type", "subject_id", "department", "policy", "why")}),
        (
            _("Times"),
            {"fields": ("started_at", "warn_at", "due_at", "paused_at", "warned_at", "breached_at", "ended_at")},
        ),
    )
    readonly_fields = ("condition_words", "why")

    @display(
        description=_("state"),
        label={
            "late": "danger", "paused": "info", "open": "warning", "met": "success", "fired": "success", "cancelled": "default"
        },
    )  # fmt: skip
    def condition(self, deadline: Deadline) -> tuple[str, str]:
        if deadline.paused_at is not None:
            return "paused", str(_("Waiting for the customer"))
        if deadline.is_late(clock.now()):
            words = (
                pgettext_lazy("deadline", "Met late")
                if deadline.state == State.MET
                else pgettext_lazy("deadline", "Late")
            )
            return "late", str(words if deadline.state in (State.MET, State.OPEN) else deadline.get_state_display())
        return deadline.state, deadline.get_state_display()

    @admin.display(description=_("state"))
    def condition_words(self, deadline: Deadline) -> str:
        return self.condition(deadline)[1]

    @admin.display(description=_("Why it is due then"))
    def why(self, deadline: Deadline) -> SafeString:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line,) for line in explain(deadline))))

    def has_view_permission(self, request: HttpRequest, obj: Deadline | None = None) -> bool:
        return request.user.has_perm("sla.view_deadline") or request.user.has_perm("sla.change_policy")
