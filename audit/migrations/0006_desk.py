from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing by itself: migrate makes what sql/install has and the database has not. By
    this one the programs of the version before know that it is not theirs to judge."""

    dependencies = [("audit", "0005_one_change")]

    operations = []
