import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users_and_states"),
    ]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("spent", models.PositiveIntegerField(default=0)),
                (
                    "charged_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now),
                ),
            ],
        ),
    ]
