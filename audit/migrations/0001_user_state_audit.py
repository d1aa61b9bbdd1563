import pgtrigger.migrations
from django.db import migrations, models

import audit.triggers
from audit.install import Install


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_users_and_states"),
    ]

    operations = [
        Install(),
        migrations.CreateModel(
            name="UserStateAudit",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("username", models.TextField(help_text="Of the changed user, as it was then.")),
                (
                    "initiated_by",
                    models.TextField(help_text="Who asked for it; CLI when nobody said so."),
                ),
                (
                    "start_state",
                    models.TextField(
                        choices=[
                            ("new", "New"),
                            ("invited", "Invited"),
                            ("active", "Active"),
                            ("locked", "Locked"),
                            ("deactivated", "Deactivated"),
                        ]
                    ),
                ),
                (
                    "end_state",
                    models.TextField(
                        choices=[
                            ("invited", "Invited"),
                            ("active", "Active"),
                            ("locked", "Locked"),
                            ("deactivated", "Deactivated"),
                            ("deleted", "Deleted"),
                        ]
                    ),
                ),
                ("datetime", models.DateTimeField(help_text="UTC.")),
                (
                    "ip_address",
                    models.TextField(help_text="From which address; CLI when nobody said so."),
                ),
                ("user_id", models.BigIntegerField()),
                (
                    "transition",
                    models.TextField(
                        help_text="The arrow of the machine; empty when none leads there.",
                        null=True,
                    ),
                ),
                ("reason", models.TextField(null=True)),
                ("request_id", models.TextField(null=True)),
                (
                    "db_user",
                    models.TextField(help_text="Fact: the role that signed in to PostgreSQL."),
                ),
                (
                    "application_name",
                    models.TextField(help_text="Fact: the program's name.", null=True),
                ),
                (
                    "client_addr",
                    models.GenericIPAddressField(
                        help_text="Fact: who connected to PostgreSQL; empty for a local socket.",
                        null=True,
                    ),
                ),
                (
                    "transaction_id",
                    models.BigIntegerField(help_text="Equal for what was changed together."),
                ),
            ],
            options={
                "verbose_name": "user state change",
                "verbose_name_plural": "user state changes",
                "db_table": "user_state_audit",
                "ordering": ["-id"],
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="AuditedUserFSM",
            fields=[],
            options={
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("accounts.userfsm",),
        ),
        # Made by sql/install/33_record_triggers.sql.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                pgtrigger.migrations.AddTrigger(
                    model_name="auditeduserfsm",
                    trigger=audit.triggers.AlwaysTrigger(
                        name="record_insert",
                        sql=audit.triggers.AlwaysTriggerSQL(
                            execute="public.record_user_state()",
                            func="",
                            hash="6172cc02b2329195657144c8e2e0bb3e41cfe68e",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_record_insert_dd5c0",
                            referencing="REFERENCING NEW TABLE AS new_rows ",
                            table="user_fsm",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="auditeduserfsm",
                    trigger=audit.triggers.AlwaysTrigger(
                        name="record_update",
                        sql=audit.triggers.AlwaysTriggerSQL(
                            execute="public.record_user_state()",
                            func="",
                            hash="62f5978c1606d45a7f9e0e5ff26fb136a9937e14",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_record_update_0cacf",
                            referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                            table="user_fsm",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="auditeduserfsm",
                    trigger=audit.triggers.AlwaysTrigger(
                        name="record_delete",
                        sql=audit.triggers.AlwaysTriggerSQL(
                            execute="public.record_user_state()",
                            func="",
                            hash="afa52085f9886ab5f39e0142a8a05588bbcded6a",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_record_delete_d6efa",
                            referencing="REFERENCING OLD TABLE AS old_rows ",
                            table="user_fsm",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="auditeduserfsm",
                    trigger=audit.triggers.AlwaysTrigger(
                        name="record_truncate",
                        sql=audit.triggers.AlwaysTriggerSQL(
                            execute="public.record_user_state()",
                            func="",
                            hash="407774f379433efc3ded216900a9d73b05a58630",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_record_truncate_0957c",
                            table="user_fsm",
                            when="BEFORE",
                        ),
                    ),
                ),
            ]
        ),
    ]
