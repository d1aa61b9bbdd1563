import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename the model Budget in Python only: the table and its columns keep their names, so
    that programs of the previous release go on working."""

    dependencies = [
        ("accounts", "0003_invitations"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel(old_name="Budget", new_name="AttemptCounter"),
                migrations.AlterModelTable(name="AttemptCounter", table="accounts_budget"),
                migrations.RenameField(
                    model_name="attemptcounter", old_name="spent", new_name="attempts"
                ),
                migrations.AlterField(
                    model_name="attemptcounter",
                    name="attempts",
                    field=models.PositiveIntegerField(db_column="spent", default=0),
                ),
                migrations.RenameField(
                    model_name="attemptcounter", old_name="charged_at", new_name="last_attempt_at"
                ),
                migrations.AlterField(
                    model_name="attemptcounter",
                    name="last_attempt_at",
                    field=models.DateTimeField(
                        db_column="charged_at",
                        db_index=True,
                        default=django.utils.timezone.now,
                    ),
                ),
            ],
        ),
    ]
