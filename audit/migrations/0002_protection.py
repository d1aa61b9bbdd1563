from django.db import migrations


class Migration(migrations.Migration):
    """Installs nothing any more: 0001 does, on a new database, and 0004 on an older one."""

    dependencies = [
        ("audit", "0001_user_state_audit"),
        # What the application is granted has to be there.
        ("accounts", "0003_invitations"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("sessions", "0001_initial"),
    ]

    operations = []
