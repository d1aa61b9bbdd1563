from django.db import migrations

from audit.sqlfiles import SQLFile


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_protection")]

    operations = [
        SQLFile("00_roles.sql", "6b718a4b0653"),
        SQLFile("45_user_state_seal.sql", "a084949f5333"),
        SQLFile("55_user_state_seal_digest.sql", "3030bd32ecf3"),
        SQLFile("60_next_user_state_seal.sql", "09c847f197d4"),
        SQLFile("62_verify_user_state_tables.sql", "037d70e1fdb7"),
        SQLFile("64_verify_user_state_triggers.sql", "9c1f25f410ad"),
        SQLFile("66_verify_user_state_rights.sql", "c106be254a59"),
        SQLFile("70_verify_user_state_protection.sql", "265c9fe3bc35"),
        SQLFile("71_user_state_steps.sql", "a8ff5cf6ee19"),
        SQLFile("72_verify_user_state_history.sql", "b90995e44c7f"),
        SQLFile("74_verify_user_state_seals.sql", "6906074e2878"),
        SQLFile("76_verify_user_state_audit.sql", "72d480ebc530"),
        SQLFile("80_reconcile_user_state.sql", "c2af8a1ec838"),
        SQLFile("90_ownership.sql", "6d2ce0057e53"),
        SQLFile("95_grants.sql", "9b6749e415d9"),
    ]
