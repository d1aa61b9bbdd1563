"""The users of today, beside the names in old entries."""

from django.contrib.auth import get_user_model


def called_today(*keys: int | None) -> dict[int, str]:
    """The user names of those keys that are of a user still."""
    users = get_user_model().objects.filter(pk__in={key for key in keys if key is not None})
    return dict(users.values_list("pk", "username"))
