from django.db import migrations

from audit.indexes import BuildIndexes


class Migration(migrations.Migration):
    """Each index of each month is built by itself, beside whoever writes, so that it can go on where
    it was ended. All else that the desk needs is made by migrate, as whatever sql/install has and the
    database has not."""

    atomic = False
    dependencies = [("audit", "0005_one_change")]

    operations = [BuildIndexes()]
