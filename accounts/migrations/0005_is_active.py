from django.db import migrations, models

from accounts.attribution import acting_as


def deactivate(apps, schema_editor):
    """Whoever could not sign in because ``is_active`` was false still cannot."""
    states = apps.get_model("accounts", "UserFSM").objects.using(schema_editor.connection.alias)
    shut_out = states.filter(user__is_active_column=False).exclude(current_state="deactivated")
    with acting_as(user="system:migrate", reason="is_active was false"):
        shut_out.update(current_state="deactivated")


class Migration(migrations.Migration):
    """``is_active`` says what the state says. Its column keeps its name in the database, for
    programs of the previous release, and gets a default, for those that do not write it."""

    dependencies = [
        ("accounts", "0004_attempt_counter"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("user", "is_active", "is_active_column"),
                migrations.AlterField(
                    model_name="user",
                    name="is_active_column",
                    field=models.BooleanField(
                        db_column="is_active", default=True, editable=False, serialize=False
                    ),
                ),
            ],
        ),
        migrations.AlterField(
            model_name="user",
            name="is_active_column",
            field=models.BooleanField(
                db_column="is_active",
                db_default=True,
                default=True,
                editable=False,
                serialize=False,
            ),
        ),
        migrations.RunPython(deactivate, migrations.RunPython.noop),
    ]
