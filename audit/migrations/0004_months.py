from django.db import migrations

from audit.conversion import Convert


class Migration(migrations.Migration):
    """Each batch of the copy is committed by itself, so that it can go on where it was ended."""

    atomic = False
    dependencies = [("audit", "0003_closer_look")]

    operations = [Convert()]
