"""Names for pages: they have a translation. Nothing changes in the database."""

import django_fsm
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_is_active")]

    operations = [
        migrations.AlterModelOptions(
            name="attemptcounter",
            options={"verbose_name": "attempt counter", "verbose_name_plural": "attempt counters"},
        ),
        migrations.AlterModelOptions(
            name="userfsm",
            options={"verbose_name": "user state", "verbose_name_plural": "user states"},
        ),
        migrations.AlterField(
            model_name="userfsm",
            name="current_state",
            field=django_fsm.FSMField(
                choices=[
                    ("invited", "Invited"),
                    ("active", "Active"),
                    ("locked", "Locked"),
                    ("deactivated", "Deactivated"),
                ],
                default="invited",
                max_length=32,
                verbose_name="current state",
            ),
        ),
    ]
