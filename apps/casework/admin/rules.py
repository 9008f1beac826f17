"""What states demand, and which tickets get care tasks (HND-10, HND-11)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from apps.casework import demandable
from apps.casework.admin.base import RowAdmin, RowForm
from apps.casework.models import CareRule, StateDemand
from apps.casework.services import rules

ABOUT = (_("For which tickets (empty: all)"), {"fields": (("kind", "category"), ("demand", "risk", "urgency"))})


class DemandForm(RowForm):
    needs = forms.ChoiceField(label=_("is needed"), choices=demandable.choices, widget=UnfoldAdminSelectWidget)
    check = staticmethod(rules.check_demand)

    class Meta:
        model = StateDemand
        fields = ("state", "needs", "hint", "active", "kind", "category", "demand", "risk", "urgency")


@admin.register(StateDemand)
class StateDemandAdmin(RowAdmin):
    form = DemandForm
    store = staticmethod(rules.save_demand)
    list_display = ("state", "what", "kind", "category", "risk", "urgency", "active")
    list_display_links = ("state", "what")
    list_filter = ("state", "active", "kind")
    list_select_related = ("category",)
    fieldsets = ((None, {"fields": ("state", "needs", "hint", "active")}), ABOUT)

    @admin.display(description=_("is needed"), ordering="needs")
    def what(self, demand: StateDemand) -> str:
        need = demandable.NEEDS.get(demand.needs)
        return str(need.label) if need else demand.needs


@admin.register(CareRule)
class CareRuleAdmin(RowAdmin):
    store = staticmethod(rules.save_care_rule)
    list_display = ("task", "moment", "tier", "risk", "urgency", "role", "active")
    list_filter = ("active", "moment", "role")
    search_fields = ("task",)

    def get_fieldsets(self, request: Any, obj: CareRule | None = None) -> Any:
        about = (ABOUT[0], {"fields": (*ABOUT[1]["fields"], ("tier", "priority"))})
        return ((None, {"fields": ("task", ("moment", "role"), "active")}), about)
