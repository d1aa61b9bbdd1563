"""Who may do what: the group of the account managers exists after every migrate."""

from django.contrib.auth.models import Group, Permission

ACCOUNT_MANAGERS = "Account managers"


def create_group(name: str, *permissions: str, using: str) -> None:
    """Make sure that the group exists and has at least the ``permissions``, as app.codename."""
    group, _ = Group.objects.using(using).get_or_create(name=name)
    for permission in permissions:
        app, codename = permission.split(".")
        wanted = {"content_type__app_label": app, "codename": codename}
        group.permissions.add(*Permission.objects.using(using).filter(**wanted))


def create_account_managers(using: str, **kwargs) -> None:
    # change_user is missing on purpose: whoever edits accounts can make himself a superuser.
    permissions = ("accounts.view_user", "accounts.view_userfsm", "accounts.change_userfsm")
    create_group(ACCOUNT_MANAGERS, *permissions, using=using)
