from django.db import migrations, models

import accounts.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_budget"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [("invite_user", "Can invite people")],
                "verbose_name": "user",
                "verbose_name_plural": "users",
            },
        ),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                error_messages={"unique": "A user with that user name already exists."},
                max_length=150,
                unique=True,
                validators=[accounts.models.UsernameValidator()],
                verbose_name="user name",
            ),
        ),
    ]
