from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.models import Noun
from apps.crm.states import ReturnState


class ReturnOrderQuerySet(models.QuerySet["ReturnOrder"]):
    def visible_to(self, actor: Actor) -> ReturnOrderQuerySet:
        """As its order: who may see customers may see what they sent back."""
        return self if actor.can("crm.view_customer") else self.none()


class ReturnOrder(Noun):
    """Goods of an order on their way back, as the sales system reports them (LNK-02). A copy, not a process of ours.

    Written by `crm.services.returns`. `amount` is what the customer gets back for them, in yuan; empty means the whole
    order.
    """

    number = models.CharField(_("number of the return"), max_length=60, unique=True)
    external_id = models.CharField(_("number in the sales system"), max_length=60, unique=True, null=True, blank=True)
    order = models.ForeignKey("crm.Order", verbose_name=_("order"), on_delete=models.PROTECT, related_name="returns")
    state = models.CharField(_("state"), max_length=12, choices=ReturnState, default=ReturnState.REQUESTED)
    amount = models.DecimalField(
        _("amount to give back"), max_digits=14, decimal_places=2, null=True, blank=True,
        help_text=_("Yuan; empty: the whole order."),
    )  # fmt: skip
    received_at = models.DateTimeField(_("goods arrived"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)

    objects = ReturnOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("return order")
        verbose_name_plural = _("return orders")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReturnState.values), name="return_order_state_known"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gt=0), name="return_order_amount"),
        ]
        indexes = [models.Index(fields=["order", "state"], name="return_of_order")]

    def __str__(self) -> str:
        return self.number
