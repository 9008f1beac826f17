from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_vocabulary")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="restricted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="restricted since"),
        ),
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="anonymised"),
        ),
    ]
