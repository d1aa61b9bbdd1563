from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing: migrate exchanges the trigger's function wherever it is another one. By this
    one the programs of the version before know that it is not theirs to put back."""

    dependencies = [("audit", "0004_months")]

    operations = []
