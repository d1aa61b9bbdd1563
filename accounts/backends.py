"""Only active users sign in, each attempt is counted, and a session is nobody's while its user
is not active."""

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from . import lockout
from .databases import primary
from .models import User
from .passwords import can_be_hashed


class ActiveStateBackend(ModelBackend):
    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username=None, password=None, **kwargs
    ) -> User | None:
        """The user, if they are active and the password is theirs.

        Whether the password is wrong, the name unknown, the account locked or the attempt limit
        reached: each takes one hash and is answered alike.
        """
        username = kwargs.get(User.USERNAME_FIELD) if username is None else username
        if not isinstance(username, str) or not isinstance(password, str):
            return None
        if request is not None and not lockout.count_address_attempt(request):
            return None
        if not can_be_hashed(password):
            return None
        attempt = lockout.begin_attempt(username, request)
        if attempt.user is None:
            User().set_password(password)
        elif not attempt.user.check_password(password):
            if attempt.is_last:
                lockout.lock_out(attempt, request)
        elif lockout.record_success(attempt, request) and self.user_can_authenticate(attempt.user):
            return attempt.user
        return None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, read again with their state at every request."""
        users = User.objects.using(primary()).select_related("fsm")
        user = users.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    # From whom one was taken, a replica may not know yet.
    def _get_user_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return super()._get_user_permissions(user_obj).using(primary())  # type: ignore[misc] # not in stubs

    def _get_group_permissions(self, user_obj: User) -> QuerySet[Permission]:
        return super()._get_group_permissions(user_obj).using(primary())  # type: ignore[misc] # not in stubs

    # The state is a query of its own, for which Django's asynchronous forms leave no room.
    async def aget_user(self, user_id: int) -> User | None:
        return await sync_to_async(self.get_user)(user_id)

    async def aauthenticate(
        self, request: HttpRequest | None, username=None, password=None, **kwargs
    ) -> User | None:
        return await sync_to_async(self.authenticate)(request, username, password, **kwargs)
