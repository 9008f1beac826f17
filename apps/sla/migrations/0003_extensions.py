from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_vocabulary")]

    operations = []
