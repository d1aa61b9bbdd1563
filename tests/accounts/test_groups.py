"""Every migrate creates the two groups, with the permissions that their members need."""

from django.contrib.auth.models import Group, Permission
from django.core.management import call_command


def permissions_of(name: str) -> set[str]:
    group = Group.objects.get(name=name)
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}


def test_account_managers_see_users_invite_them_and_change_their_states(db):
    assert permissions_of("Account managers") == {
        "accounts.view_user",
        "accounts.invite_user",
        "accounts.view_userfsm",
        "accounts.change_userfsm",
    }


def test_supervisors_read_the_audit(db):
    assert permissions_of("Supervisors") == {"audit.view_userstateaudit"}


def test_migrate_restores_what_was_revoked_and_keeps_what_was_added(db):
    managers = Group.objects.get(name="Account managers")
    managers.permissions.set([Permission.objects.get(codename="view_group")])
    Group.objects.get(name="Supervisors").delete()

    call_command("migrate", verbosity=0)

    assert "auth.view_group" in permissions_of("Account managers")
    assert "accounts.invite_user" in permissions_of("Account managers")
    assert permissions_of("Supervisors") == {"audit.view_userstateaudit"}
