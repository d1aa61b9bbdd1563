import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_is_active"),
        ("audit", "0006_desk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("datetime", models.DateTimeField()),
                ("initiated_by", models.TextField()),
                ("initiator_id", models.BigIntegerField(null=True)),
                ("impersonator", models.TextField(null=True)),
                ("ip_address", models.TextField()),
                ("request_id", models.TextField(null=True)),
                ("db_user", models.TextField()),
                ("application_name", models.TextField(null=True)),
                ("client_addr", models.GenericIPAddressField(null=True)),
                ("format", models.TextField(null=True)),
                ("filter", models.TextField(null=True)),
                ("entries", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "user_state_export",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LastLook",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("snapshot", models.TextField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="name")),
                ("query", models.CharField(max_length=2000)),
                ("created", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
    ]
