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


class ReturnState(models.TextChoices):
    """Of goods on their way back, as the sales system reports it. Only "completed" starts anything (LNK-02)."""

    REQUESTED = "requested", pgettext_lazy("return", "Requested")  # 已申请
    SHIPPED = "shipped", pgettext_lazy("return", "On its way back")  # 退回途中
    RECEIVED = "received", pgettext_lazy("return", "Arrived, being looked at")  # 已收货，待验收
    COMPLETED = "completed", pgettext_lazy("return", "Completed")  # 已完成
    CANCELLED = "cancelled", pgettext_lazy("return", "Called off")  # 已取消
