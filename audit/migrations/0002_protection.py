from django.db import migrations

from audit.sqlfiles import SQLFile


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_user_state_audit"),
        # What the application is granted has to be there.
        ("accounts", "0003_invitations"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        SQLFile("00_roles.sql", "451743b9b1f6"),
        SQLFile("10_user_state_audit.sql", "5acda4241a92"),
        SQLFile("40_refuse_rewriting.sql", "1190dc83dd1c"),
        SQLFile("45_user_state_seal.sql", "16bc2ccfda4a"),
        SQLFile("50_user_state_seal_text.sql", "e926d7803483"),
        SQLFile("54_user_state_seal_reach.sql", "0af441b16816"),
        SQLFile("55_user_state_seal_digest.sql", "f8c1b09cb436"),
        SQLFile("60_next_user_state_seal.sql", "845a477bfab4"),
        SQLFile("70_verify_user_state_protection.sql", "20f79ee9ea5d"),
        SQLFile("72_verify_user_state_history.sql", "c8c2d54c4c74"),
        SQLFile("74_verify_user_state_seals.sql", "fdd260841895"),
        SQLFile("76_verify_user_state_audit.sql", "592e3e7ed5d5"),
        SQLFile("80_reconcile_user_state.sql", "6b6f276982b4"),
        SQLFile("90_ownership.sql", "b165c88fc277"),
        SQLFile("95_grants.sql", "4aff2155e161"),
    ]
