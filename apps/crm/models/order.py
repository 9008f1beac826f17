from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.models import Noun
from apps.crm.states import OrderState


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, actor: Actor) -> OrderQuerySet:
        """An order is its customer's: who may see customers may see their orders."""
        return self if actor.can("crm.view_customer") else self.none()


class Order(Noun):
    """A sale as the sales system reports it. Its state is a copy of that system's, not a process of ours."""

    number = models.CharField(_("order number"), max_length=60, unique=True)
    external_id = models.CharField(_("number in the sales system"), max_length=60, unique=True, null=True, blank=True)
    customer = models.ForeignKey(
        "crm.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="orders"
    )
    ordered_at = models.DateTimeField(_("ordered at"))
    shipped_at = models.DateTimeField(_("shipped at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=OrderState, default=OrderState.PAID)
    total = models.DecimalField(_("order total"), max_digits=14, decimal_places=2, help_text=_("Yuan."))

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-ordered_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
        ]
        indexes = [
            models.Index(fields=["customer", "-ordered_at"], name="order_of_customer"),
            models.Index(fields=["-ordered_at", "-id"], name="order_newest"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Noun):
    """One product of an order. `amount` is what the customer pays for the line, discounts already taken off."""

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(
        "crm.Product", verbose_name=_("product"), on_delete=models.PROTECT, related_name="order_lines"
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    unit_price = models.DecimalField(_("unit price"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    serial_number = models.CharField(_("serial number"), max_length=60, blank=True, db_index=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["order", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(unit_price__gte=0), name="order_line_money_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} × {self.quantity}"
