"""Who may do what: the group of the account managers exists after every migrate."""

from django.contrib.auth.models import Group, Permission

ACCOUNT_MANAGERS = "Account managers"


def create_group(name: str, *codenames: str, using: str) -> None:
    """Make sure that the group exists and has at least the permissions ``codenames``."""
    group, _ = Group.objects.using(using).get_or_create(name=name)
    group.permissions.add(*Permission.objects.using(using).filter(codename__in=codenames))


def create_account_managers(using: str, **kwargs) -> None:
    # change_user is missing on purpose: whoever edits accounts can make himself a superuser.
    create_group(ACCOUNT_MANAGERS, "view_user", "view_userfsm", "change_userfsm", using=using)
