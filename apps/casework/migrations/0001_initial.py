from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("feedback", "0003_vocabulary")]

    operations = []
