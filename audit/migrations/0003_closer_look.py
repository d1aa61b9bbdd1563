from django.db import migrations

from audit.sqlfiles import SQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_protection")]

    operations = [
        SQLFile("00_roles.sql", "6b718a4b0653"),
        SQLFile("45_user_state_seal.sql", "a084949f5333"),
        SQLFile("55_user_state_seal_digest.sql", "3030bd32ecf3"),
        SQLFile("60_next_user_state_seal.sql", "09c847f197d4"),
        SQLFile("62_verify_user_state_tables.sql", "3de7e500fefa"),
        SQLFile("64_verify_user_state_triggers.sql", "5ffeb15be0c5"),
        SQLFile("66_verify_user_state_rights.sql", "f08a87f25009"),
        SQLFile("70_verify_user_state_protection.sql", "127b941032a5"),
        SQLFile("71_user_state_steps.sql", "497dd2820c8e"),
        SQLFile("72_verify_user_state_history.sql", "0be00075e2bc"),
        SQLFile("74_verify_user_state_seals.sql", "e3e9b84396b1"),
        SQLFile("76_verify_user_state_audit.sql", "1a96b3d990cb"),
        SQLFile("80_reconcile_user_state.sql", "0d8ee58ed8d2"),
        SQLFile("90_ownership.sql", "25760c421532"),
        SQLFile("95_grants.sql", "9cd57bcc5dfa"),
    ]
