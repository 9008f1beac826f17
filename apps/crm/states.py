from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderState(models.TextChoices):
    PLACED = "placed", _("Placed, not paid")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    RETURNED = "returned", _("Returned")
    CANCELLED = "cancelled", _("Cancelled")
