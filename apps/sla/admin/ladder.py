from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.principals import actor_for
from apps.sla.admin.base import RuleAdmin, RuleForm
from apps.sla.models import EscalationStep
from apps.sla.services import ladder


class StepForm(RuleForm):
    check = ladder.check

    class Meta:
        model = EscalationStep
        fields = ("metric", "level", "after", "unit")


@admin.register(EscalationStep)
class EscalationStepAdmin(RuleAdmin):
    form = StepForm
    list_display = ("applies_to", "level", "overdue_by")
    list_filter = ("metric", "level")
    ordering = ("metric", "after")

    @admin.display(description=pgettext_lazy("deadline", "for"), ordering="metric")
    def applies_to(self, step: EscalationStep) -> str:
        return str(step.get_metric_display() or _("everything without a ladder of its own"))

    @admin.display(description=_("overdue by"), ordering="after")
    def overdue_by(self, step: EscalationStep) -> str:
        return f"{step.after} {step.get_unit_display()}" if step.after else str(_("at once"))

    def save_model(self, request: HttpRequest, obj: EscalationStep, form: Any, change: bool) -> None:
        ladder.save_step(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: EscalationStep) -> None:
        ladder.delete_step(obj, actor=actor_for(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EscalationStep]) -> None:
        for step in queryset:
            ladder.delete_step(step, actor=actor_for(request))
