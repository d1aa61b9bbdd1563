from django.db import migrations, models


class Migration(migrations.Migration):
    """``is_active`` says what the state says, and needs no column.

    It keeps its column, which nobody reads any more: programs of the previous release go on
    reading and writing it. The default is for those that do not know it.
    """

    dependencies = [
        ("accounts", "0004_attempt_counter"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="is_active",
            field=models.BooleanField(db_default=True, default=True, verbose_name="active"),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="user", name="is_active")],
        ),
    ]
