from django.db import migrations, models


class Migration(migrations.Migration):
    """Small cases that may be signed together. 0 on sites that exist: nothing is signed together before finance says so."""

    dependencies = [("billing", "0006_links")]

    operations = [
        migrations.AddField(
            model_name="approvalrule",
            name="together_up_to",
            field=models.DecimalField(
                decimal_places=2,
                default=0,
                help_text="Yuan, splits counted together. Cases up to it can be ticked and signed at once; 0 means never.",
                max_digits=14,
                verbose_name="may be signed together up to",
            ),
        ),
    ]
