from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Successes that are asked about again are looked for every five seconds."""

    dependencies = [("billing", "0007_together")]

    operations = [
        migrations.AddIndex(
            model_name="refundattempt",
            index=models.Index(
                condition=Q(("next_query_at__isnull", False), ("state__in", ["succeeded", "failed"])),
                fields=["next_query_at"],
                name="refund_attempt_look_again",
            ),
        ),
    ]
