from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing: migrate makes the views and functions that sql/install has and the database has
    not. By this one the programs of the version before know that they are not theirs to judge."""

    dependencies = [("audit", "0007_saved_views")]

    operations = []
