"""The permissions that are granted to users: directly and by groups, whatever their state."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model

from .databases import primary


def load_privileges(users: Iterable[Any]) -> None:
    """Set ``privileges`` of each user, the keys of their permissions, in one query for all.

    Django's own methods say that a user who is locked has none, and ask for each user apart.
    """
    model: Any = get_user_model()
    keys = [user.pk for user in users]
    own = model.user_permissions.through.objects.using(primary()).filter(user__in=keys)
    groups = model.groups.through.objects.using(primary()).filter(user__in=keys)
    by_group = groups.filter(group__permissions__isnull=False)
    pairs = own.values_list("user", "permission").union(
        by_group.values_list("user", "group__permissions")
    )
    found = defaultdict(set)
    for key, permission in pairs:
        found[key].add(permission)
    for user in users:
        user.privileges = frozenset(found[user.pk])
