"""Differences, gates and floats: read here, changed through the services."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from apps.accounts.principals import actor_for
from apps.billing.admin import provider_page
from apps.billing.admin.lists import in_yuan, link, yuan
from apps.billing.models import (
    Difference,
    ProviderFloat,
    RefundAttempt,
    RefundGate,
)
from apps.billing.services import differences, floats, refund_gates
from apps.billing.states import DifferenceState
from apps.core import clock
from apps.core.errors import DomainError
from apps.sla import selectors as sla


class DifferenceForm(forms.ModelForm):
    class Meta:
        model = Difference
        fields = ("owner", "resolution")
        widgets = {"resolution": UnfoldAdminTextareaWidget}
        help_texts = {
            "resolution": _("What you write here settles the difference; left empty, only the owner is changed.")
        }


@admin.register(Difference)
class DifferenceAdmin(ModelAdmin):
    """Worked off one by one: an owner, then words that settle it."""

    form = DifferenceForm
    actions = None
    list_display = (
        "number",
        "channel",
        "day",
        "kind",
        in_yuan(Difference, "ours"),
        in_yuan(Difference, "theirs"),
        "state",
        "owner",
        "created_at",
    )
    list_filter = ("state", "kind", "channel")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = (
        "number",
        "refund",
        "channel",
        "day",
        "kind",
        "ours",
        "theirs",
        "detail",
        "state",
        "due",
        "resolved_by",
        "resolved_at",
    )
    fields = (*readonly_fields, "owner", "resolution")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Difference | None = None) -> bool:
        is_open = obj is None or obj.state == DifferenceState.OPEN
        return is_open and actor_for(request).can("billing.pay_refund")

    @admin.display(description=_("refund"))
    def refund(self, obj: Difference) -> str:
        """Where to look: the case whose payment it is; a payment that is not ours has none."""
        attempt = RefundAttempt.objects.filter(number=obj.number).select_related("refund").first()
        return link("refund", attempt.refund.number) if attempt is not None else "—"

    @admin.display(description=_("to be settled by"))
    def due(self, obj: Difference) -> str:
        due = next((deadline.due_at for deadline in sla.open_for(obj)), None)
        return date_format(clock.local(due), "DATETIME_FORMAT") if due else "-"

    def response_change(self, request: HttpRequest, obj: Difference) -> HttpResponse:
        """No word of success where the service refused."""
        if getattr(request, "refused", False):
            return redirect("admin:billing_difference_change", obj.pk)
        return super().response_change(request, obj)

    def save_model(self, request: HttpRequest, obj: Difference, form: Any, change: bool) -> None:
        actor = actor_for(request)
        try:
            if "owner" in form.changed_data and obj.owner is not None:
                differences.assign(obj, obj.owner, actor=actor)
            if obj.resolution.strip():
                differences.resolve(obj, obj.resolution, actor=actor)
        except DomainError as error:
            messages.error(request, error.words)
            request.refused = True

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what changed."""


@admin.register(RefundGate)
class RefundGateAdmin(ModelAdmin):
    list_display = (
        "position",
        "reason_code",
        in_yuan(RefundGate, "up_to"),
        "before_red",
        "effective_from",
        "effective_to",
        "note",
    )

    def save_model(self, request: HttpRequest, obj: RefundGate, form: Any, change: bool) -> None:
        refund_gates.save_rule(obj, actor=actor_for(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a rule ends by its last day, so that old cases are explained by it


@admin.register(ProviderFloat)
class ProviderFloatAdmin(ModelAdmin):
    actions = None
    list_display = (
        "channel", in_yuan(ProviderFloat, "balance"), "queued", in_yuan(ProviderFloat, "reserve"),
        in_yuan(ProviderFloat, "warn_below"), "reroute_after", "low_since", "asked_at",
    )  # fmt: skip
    fields = ("channel", "balance", "asked_at", "low_since", "reserve", "warn_below", "reroute_after")
    readonly_fields = ("channel", "balance", "asked_at", "low_since")
    actions_list = ("simulator",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ProviderFloat, form: Any, change: bool) -> None:
        floats.change(obj, actor=actor_for(request))

    @admin.display(description=_("queued"))
    def queued(self, row: ProviderFloat) -> str:
        return yuan(floats.queued(row.channel))

    def has_simulate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(settings.PAYMENT_SIMULATOR_URL) and actor_for(request).can("billing.change_providerfloat")

    @action(description=_("Provider simulator"), permissions=["simulate"], url_path="simulate", icon="experiment")
    def simulator(self, request: HttpRequest) -> HttpResponse:
        return redirect(reverse("admin:billing_provider_simulator"))

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(lambda request: provider_page.show(self, request))
        return [path("simulator/", page, name="billing_provider_simulator"), *super().get_urls()]
