import apps.core.clock
import apps.core.models
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReturnOrder",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=apps.core.models.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=apps.core.clock.now, editable=False, verbose_name="created at"),
                ),
                ("number", models.CharField(max_length=60, unique=True, verbose_name="number of the return")),
                (
                    "external_id",
                    models.CharField(
                        blank=True, max_length=60, null=True, unique=True, verbose_name="number in the sales system"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("shipped", "On its way back"),
                            ("received", "Arrived, being looked at"),
                            ("completed", "Completed"),
                            ("cancelled", "Called off"),
                        ],
                        default="requested",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Yuan; empty: the whole order.",
                        max_digits=14,
                        null=True,
                        verbose_name="amount to give back",
                    ),
                ),
                ("received_at", models.DateTimeField(blank=True, null=True, verbose_name="goods arrived")),
                ("completed_at", models.DateTimeField(blank=True, null=True, verbose_name="completed")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="crm.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "return order",
                "verbose_name_plural": "return orders",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["order", "state"], name="return_of_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["requested", "shipped", "received", "completed", "cancelled"])
                        ),
                        name="return_order_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount", None), ("amount__gt", 0), _connector="OR"),
                        name="return_order_amount",
                    ),
                ],
            },
        ),
    ]
