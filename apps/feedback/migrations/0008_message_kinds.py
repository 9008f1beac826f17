from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feedback", "0007_surveys")]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("customer", "Customer"),
                    ("reply", "Reply"),
                    ("progress", "Progress note to the customer"),
                    ("note", "Internal note"),
                    ("call", "Call record"),
                    ("test_report", "Test report"),
                    ("follow_up", "Second follow-up record"),
                ],
                max_length=12,
                verbose_name="kind",
            ),
        ),
    ]
