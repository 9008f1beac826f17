from django.db import migrations, models


class Migration(migrations.Migration):
    """A red form whose request ended is withdrawn on the tax platform."""

    dependencies = [("billing", "0008_look_again")]

    operations = [
        migrations.AlterField(
            model_name="taxoperation",
            name="verb",
            field=models.CharField(
                choices=[
                    ("void", "Void the invoice"),
                    ("form", "Enter the form"),
                    ("red", "Issue the red invoice"),
                    ("withdraw", "Withdraw the form"),
                ],
                max_length=10,
                verbose_name="what",
            ),
        ),
    ]
