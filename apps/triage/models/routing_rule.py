from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Noun
from apps.core.vocabulary import Kind


class RoutingRule(Noun):
    """Who answers for what (CLS-07). An empty condition means "any"; the rule with the most conditions wins."""

    category = models.ForeignKey(
        "triage.Category", verbose_name=_("category"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="routing_rules", help_text=_("Holds for its sub-categories too. Empty: any."),
    )  # fmt: skip
    product_group = models.CharField(
        _("product group"), max_length=60, blank=True, help_text=_("As the products name it. Empty: any.")
    )
    region = models.CharField(
        _("region"), max_length=40, blank=True, help_text=_("How the region begins, e.g. 广东. Empty: any.")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, blank=True, help_text=_("Empty: any."))
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("responsible department"), on_delete=models.PROTECT, related_name="+"
    )
    collaborators = models.ManyToManyField(
        "accounts.Department", verbose_name=_("collaborating departments"), blank=True, related_name="+"
    )
    order = models.PositiveSmallIntegerField(
        _("position"), default=100, help_text=_("Between rules with equally many conditions the smaller one wins.")
    )
    active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ["order", "id"]

    def __str__(self) -> str:
        kind = self.get_kind_display() if self.kind else ""
        conditions = [str(c) for c in (self.category, self.product_group, self.region, kind) if c]
        when = " · ".join(conditions) if conditions else _("everything")
        return f"{when} → {self.department}"
