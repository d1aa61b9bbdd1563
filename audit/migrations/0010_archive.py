from django.db import migrations


class Migration(migrations.Migration):
    """Months can be archived: the table of tombstones is made by migrate, as whatever sql/install has
    and the database has not."""

    dependencies = [("audit", "0009_forgetting")]

    operations = []
