"""The permissions of account managers: their group exists after every migrate."""

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connections

ACCOUNT_MANAGERS = "Account managers"


def create_group(name: str, *permissions: str, using: str) -> None:
    """Make sure that the group exists and has at least the ``permissions``, as app.codename."""
    group, _ = Group.objects.using(using).get_or_create(name=name)
    for permission in permissions:
        app, codename = permission.split(".")
        lookup = {"content_type__app_label": app, "codename": codename}
        group.permissions.add(*Permission.objects.using(using).filter(**lookup))


def create_account_managers(sender: AppConfig, using: str, **kwargs) -> None:
    """Receiver of post_migrate. Does nothing before the tables of groups are there."""
    if "auth_group" not in connections[using].introspection.table_names():
        return
    create_permissions(sender, verbosity=0, using=using)  # Django does so only after us
    # change_user is missing on purpose: managers change states, and edit nobody's account.
    names = ("view_user", "invite_user", "view_userfsm", "change_userfsm")
    permissions = (f"accounts.{name}" for name in names)
    create_group(ACCOUNT_MANAGERS, *permissions, using=using)
