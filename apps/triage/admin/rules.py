import re

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apps.triage import events
from apps.triage.admin.base import LibraryAdmin
from apps.triage.models import Category, LibraryVersion, RoutingRule, ScoreWeight
from apps.triage.states import Factor


@admin.register(Category)
class CategoryAdmin(LibraryAdmin):
    list_display = ("name", "slug", "parent", "order", "active")
    list_filter = ("active",)
    list_select_related = ("parent",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "parent", "order", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()  # reports and the API name categories by their code


@admin.register(RoutingRule)
class RoutingRuleAdmin(LibraryAdmin):
    """Who answers for what (CLS-07): the rule with the most conditions wins."""

    list_display = ("conditions", "department", "helping", "order", "active")
    list_filter = ("category", "department", "kind", "active")
    list_select_related = ("category", "department")
    search_fields = ("product_group", "region", "note")
    fieldsets = (
        (_("When"), {"fields": (("category", "kind"), ("product_group", "region"))}),
        (_("Then"), {"fields": ("department", "collaborators")}),
        (_("Keeping"), {"fields": ("order", "active", "note")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingRule]:
        return super().get_queryset(request).prefetch_related("collaborators")

    @admin.display(description=_("applies when"))
    def conditions(self, obj: RoutingRule) -> str:
        return str(obj).rsplit(" → ", 1)[0]

    @admin.display(description=_("collaborating departments"))
    def helping(self, obj: RoutingRule) -> str:
        return "、".join(d.name for d in obj.collaborators.all())


# What the shipped defaults count, as `defaults.load` names it.
LOADED = {
    "categories": _("categories"), "keywords": _("keywords"), "score weights": _("score weights"),
    "routing rules": _("routing rules"), "learned models": _("learned models"),
}  # fmt: skip
_COUNTED = re.compile(r"(\d+) ([a-z ]+)")
_POINTS = re.compile(r"([a-z]+) (\S+): (-?\d+)")  # as points were put down once: in codes


def told(version: LibraryVersion) -> str:
    """What was changed, in the active language; a row's own name as it was then."""
    if version.change == events.DEFAULTS_LOADED:
        counted = [_COUNTED.fullmatch(part) for part in version.what.split(", ")]
        return ", ".join(f"{each[1]} {LOADED.get(each[2], each[2])}" for each in counted if each) or version.what
    points = _POINTS.fullmatch(version.what)
    if points and points[1] in Factor.values:
        return str(ScoreWeight(factor=points[1], value=points[2], points=int(points[3])))
    return version.what


@admin.register(LibraryVersion)
class LibraryVersionAdmin(ModelAdmin):
    """Who changed what in the library, and when."""

    list_display = ("number", "change_label", "what_label", "actor_label", "created_at")
    list_display_links = None
    search_fields = ("what", "actor_label")
    ordering = ("-number",)

    CHANGES = {
        "category.added": (_("Category added"), "success"),
        "category.changed": (_("Category changed"), "info"),
        "keyword.added": (_("Keyword added"), "success"),
        "keyword.changed": (_("Keyword changed"), "info"),
        "score_weight.added": (_("Score weight added"), "success"),
        "score_weight.changed": (_("Score weight changed"), "info"),
        "routing_rule.added": (_("Routing rule added"), "success"),
        "routing_rule.changed": (_("Routing rule changed"), "info"),
        "model.activated": (_("Learned model switched on"), "success"),
        "model.deactivated": (_("Learned model switched off"), "warning"),
        "library.defaults_loaded": (_("Shipped defaults loaded"), "primary"),
    }

    @display(description=_("change"), ordering="change", label={code: c for code, (_words, c) in CHANGES.items()})
    def change_label(self, obj: LibraryVersion) -> tuple[str, str]:
        words = self.CHANGES.get(obj.change, (obj.change,))[0]
        return obj.change, str(words)

    @display(description=_("changed entry"), ordering="what")
    def what_label(self, obj: LibraryVersion) -> str:
        return told(obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        may_change = request.user.has_perm("triage.change_keyword")
        return may_change or super().has_view_permission(request, obj)
