from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing: migrate makes the guards of the months wherever they are others. By this one the
    programs of the version before know that they are not theirs to put back."""

    dependencies = [("audit", "0008_questions")]

    operations = []
