from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0003_learning")]

    operations = [
        migrations.AlterField(
            model_name="scoreweight",
            name="factor",
            field=models.CharField(
                choices=[
                    ("urgency", "Urgency"),
                    ("tier", "Customer tier"),
                    ("kind", "Kind"),
                    ("risk", "Risk"),
                    ("impact", "Impact range"),
                    ("repeats", "Earlier feedback"),
                    ("sentiment", "Tone"),
                    ("nudges", "Nudges"),
                    ("level", "Level from points"),
                ],
                max_length=12,
                verbose_name="factor",
            ),
        ),
    ]
