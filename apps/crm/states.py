from django.db import models
from django.utils.translation import pgettext_lazy


class OrderState(models.TextChoices):
    """As the sales system reports it; not a state machine of ours."""

    PLACED = "placed", pgettext_lazy("order", "Placed, not paid")
    PAID = "paid", pgettext_lazy("order", "Paid")
    SHIPPED = "shipped", pgettext_lazy("order", "Shipped")
    DELIVERED = "delivered", pgettext_lazy("order", "Delivered")
    RETURNED = "returned", pgettext_lazy("order", "Returned")
    CANCELLED = "cancelled", pgettext_lazy("order", "Cancelled")
