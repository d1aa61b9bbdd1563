from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing any more: 0001 does, on a new database, and 0004 on an older one."""

    dependencies = [("audit", "0002_protection")]

    operations = []
